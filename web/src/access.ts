/** What whoever is signed in may do in the company that is shown. The server refuses the rest; the page does not offer it. */

import { createContext, useContext } from "react";
import type { CompanyName, Right } from "./api/types";

export interface Access { may: (right: Right) => boolean; extension: string; role: string }

export const accessOf = (own: CompanyName): Access => ({ may: (right) => own.rights.includes(right), extension: own.extension ?? "", role: own.role });

/** Where somebody comes in: those who answer calls at their telephone. */
export function homeOf(own: CompanyName): string {
  if (!own.rights.includes("read")) return `/c/${own.id}/phone`;
  return `/c/${own.id}/${matchMedia("(max-width: 600px)").matches ? "today" : "overview"}`;
}

const Given = createContext<Access | null>(null);
export const AccessGiven = Given.Provider;

export function useAccess(): Access {
  const access = useContext(Given);
  if (!access) throw new Error("no company here");
  return access;
}
