/** Telephone numbers as people read them. */

import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/min";

/** `31612345678` as `06 12 34 56 78` at home and `+31 6 12 34 56 78` abroad; internal numbers stay as they are. */
export function shown(number: string, country = "NL"): string {
  if (!number) return "";
  const digits = number.replace(/^\+/, "");
  if (!/^\d{7,15}$/.test(digits)) return number;
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  if (!parsed?.isPossible()) return number;
  if (parsed.country !== (country as CountryCode)) return abroad(parsed.countryCallingCode, parsed.nationalNumber, parsed.formatInternational());
  return country === "NL" ? `0${dutch(parsed.nationalNumber)}` : parsed.formatNational().replace("-", " ");
}

/** The same, always with the country in front: how a company writes its own numbers. */
export function shownAbroad(number: string): string {
  const digits = number.replace(/[^\d]/g, "").replace(/^00/, "");
  const parsed = /^\d{7,15}$/.test(digits) ? parsePhoneNumberFromString(`+${digits}`) : undefined;
  return parsed?.isPossible() ? abroad(parsed.countryCallingCode, parsed.nationalNumber, parsed.formatInternational()) : number;
}

const abroad = (code: string, national: string, otherwise: string): string => (code === "31" ? `+31 ${dutch(national)}` : otherwise);

/** Dutch numbers in pairs, as people there write them: 10 238 00 95, 6 12 34 56 78, 348 12 34 56. */
function dutch(national: string): string {
  const pairs = (text: string): string => text.replace(/(\d\d)(?=\d)/g, "$1 ");
  if (/^6\d{8}$/.test(national)) return `6 ${pairs(national.slice(1))}`;
  if (/^(1[035]|2[03469]|3[03568]|4[03567]|5[03587]|[78]\d)\d{7}$/.test(national)) return `${national.slice(0, 2)} ${national.slice(2, 5)} ${pairs(national.slice(5))}`;
  return /^\d{9}$/.test(national) ? `${national.slice(0, 3)} ${pairs(national.slice(3))}` : national;
}
