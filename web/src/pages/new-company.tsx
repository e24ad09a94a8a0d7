/** Another company of this installation, made by its operator. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { get, post, Refused } from "../api/client";
import type { Session } from "../api/types";
import { Dialog, SelectField, TextField } from "../ui/parts";
import { useWords } from "../words";

export interface CompanyAsked { name: string; country: string; timezone: string; language: string }

const COUNTRIES = ["NL", "BE", "DE", "FR", "GB", "LU", "AT", "CH", "DK", "SE", "NO", "FI", "IE", "ES", "PT", "IT", "PL", "US"];

export function countryNames(language: string): (readonly [string, string])[] {
  const names = new Intl.DisplayNames([language], { type: "region" });
  return COUNTRIES.map((code) => [code, names.of(code) ?? code] as const);
}

export function timezones(): (readonly [string, string])[] {
  return Intl.supportedValuesOf("timeZone").map((zone) => [zone, zone.replaceAll("_", " ")] as const);
}

/** What it begins with: where this browser is. */
export function here(language: string): CompanyAsked {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { name: "", country: "NL", timezone: zone.startsWith("Europe/") ? zone : "Europe/Amsterdam", language };
}

export function CompanyFields({ company, onChange }: { company: CompanyAsked; onChange: (company: CompanyAsked) => void }) {
  const { t, language } = useWords();
  return (
    <>
      <TextField label={t("setup.company_name")} value={company.name} required onChange={(name) => onChange({ ...company, name })} />
      <SelectField label={t("setup.country")} value={company.country} options={countryNames(language)} onChange={(country) => onChange({ ...company, country })} />
      <SelectField label={t("setup.timezone")} value={company.timezone} options={timezones()} onChange={(timezone) => onChange({ ...company, timezone })} />
      <SelectField label={t("setup.language")} value={company.language} options={[["nl", "Nederlands"], ["en", "English"]]} onChange={(next) => onChange({ ...company, language: next })} />
    </>
  );
}

export function NewCompany({ onClose }: { onClose: () => void }) {
  const { t, language } = useWords();
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [company, setCompany] = useState(() => here(language));
  const [wrong, setWrong] = useState("");
  const go = async (): Promise<void> => {
    try {
      const made = await post<{ id: string }>("/companies", company);
      queries.setQueryData(["session"], await get<Session>("/session"));
      onClose();
      navigate(`/c/${made.id}/overview`);
    } catch (error) { setWrong(error instanceof Refused ? error.message : t("state.offline")); }
  };
  return (
    <Dialog title={t("settings.new_company")} more={t("setup.empty_more")} onClose={onClose}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); void go(); }}>
        <CompanyFields company={company} onChange={setCompany} />
        {wrong && <p role="alert" style={{ color: "var(--bad)" }}>{wrong}</p>}
        <div className="row"><span className="grow" /><button type="submit" className="button primary">{t("setup.go")}</button></div>
      </form>
    </Dialog>
  );
}
