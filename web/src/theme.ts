/** Light or dark: as the system has it, until somebody says otherwise. */

const KEPT = "belplan.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  const kept = localStorage.getItem(KEPT);
  document.documentElement.dataset.theme = kept ?? (dark.matches ? "dark" : "light");
}

export function followTheme(): void {
  apply();
  dark.addEventListener("change", apply);
}

export function switchTheme(): void {
  localStorage.setItem(KEPT, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  apply();
}
