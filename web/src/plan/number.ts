/** Telephone numbers as people read them. */

import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/min";

/** `31612345678` as `06 12 34 56 78` at home and `+31 6 12345678` abroad; internal numbers stay as they are. */
export function shown(number: string, country = "NL"): string {
  const digits = number.replace(/^\+/, "");
  if (!/^\d{7,15}$/.test(digits)) return number;
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  if (!parsed?.isPossible()) return number;
  if (parsed.country !== (country as CountryCode)) return parsed.formatInternational();
  return domestic(parsed.formatNational());
}

/** The same, always with the country in front: how a company writes its own numbers. */
export function shownAbroad(number: string): string {
  const digits = number.replace(/[^\d]/g, "").replace(/^00/, "");
  const parsed = /^\d{7,15}$/.test(digits) ? parsePhoneNumberFromString(`+${digits}`) : undefined;
  return parsed?.isPossible() ? parsed.formatInternational() : number;
}

/** `06 12345678` reads better in pairs. */
function domestic(text: string): string {
  const mobile = /^06 ?(\d{8})$/.exec(text);
  return mobile ? `06 ${mobile[1]!.replace(/(\d\d)(?=\d)/g, "$1 ")}` : text.replace("-", " ");
}
