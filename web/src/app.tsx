/** Which page is shown, and the navigation around it. */

import { useQueryClient } from "@tanstack/react-query";
import { Activity, BookUser, CloudOff, Grip, Languages, ListTree, LogOut, Map as MapIcon, Phone, PhoneCall, Plus, Settings, SunMoon, ToggleRight, UsersRound, Voicemail } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { AccessGiven, accessOf, homeOf, useAccess } from "./access";
import { send } from "./api/client";
import { useBoxes, useSession } from "./api/queries";
import type { CompanyName, Session } from "./api/types";
import { DraftOf, useDraft } from "./editor/draft";
import { Contained } from "./errors";
import { useTelephone } from "./phone/telephone";
import { SignIn } from "./pages/sign-in";
import { switchTheme } from "./theme";
import { Empty, Loading, Menu, Toasts } from "./ui/parts";
import { speak, useWords, type Word } from "./words";

const PlanPage = lazy(() => import("./editor/plan-page").then((module) => ({ default: module.PlanPage })));
const PlansPage = lazy(() => import("./pages/plans").then((module) => ({ default: module.PlansPage })));
const MenuPage = lazy(() => import("./pages/menus").then((module) => ({ default: module.MenuPage })));
const MenusPage = lazy(() => import("./pages/menus").then((module) => ({ default: module.MenusPage })));
const OverviewPage = lazy(() => import("./pages/overview").then((module) => ({ default: module.OverviewPage })));
const LivePage = lazy(() => import("./pages/live").then((module) => ({ default: module.LivePage })));
const CallsPage = lazy(() => import("./pages/calls").then((module) => ({ default: module.CallsPage })));
const CallPage = lazy(() => import("./pages/call").then((module) => ({ default: module.CallPage })));
const PeoplePage = lazy(() => import("./pages/people").then((module) => ({ default: module.PeoplePage })));
const TodayPage = lazy(() => import("./pages/today").then((module) => ({ default: module.TodayPage })));
const PhonePage = lazy(() => import("./pages/phone").then((module) => ({ default: module.PhonePage })));
const Ringing = lazy(() => import("./pages/phone").then((module) => ({ default: module.Ringing })));
const SettingsPage = lazy(() => import("./pages/settings").then((module) => ({ default: module.SettingsPage })));
const VoicemailPage = lazy(() => import("./pages/voicemail").then((module) => ({ default: module.VoicemailPage })));
const SetupPage = lazy(() => import("./pages/setup").then((module) => ({ default: module.SetupPage })));

const NewCompany = lazy(() => import("./pages/new-company").then((module) => ({ default: module.NewCompany })));
const LinkPage = lazy(() => import("./pages/link").then((module) => ({ default: module.LinkPage })));

const LAST = "belplan.company";

export function App() {
  const session = useSession();
  const { t } = useWords();
  const [path] = useLocation();
  useEffect(() => { document.title = t("app.name"); }, [t]);
  if (path === "/setup") return <Suspense fallback={<Loading />}><SetupPage /><Toasts /></Suspense>;
  if (path === "/invitation" || path === "/reset") return <Suspense fallback={<Loading />}><LinkPage /><Toasts /></Suspense>;
  if (session.isPending) return <Loading />;
  if (session.isError) return <Empty title={t("state.offline")} more={t("state.offline_more")}><button type="button" className="button" onClick={() => void session.refetch()}>{t("action.retry")}</button></Empty>;
  if (!session.data) return <><SignIn /><Toasts /></>;
  return <SignedIn session={session.data} />;
}

function SignedIn({ session }: { session: Session }) {
  const { t } = useWords();
  const kept = localStorage.getItem(LAST);
  const company = session.companies.find(({ id }) => id === kept) ?? session.companies[0];
  if (!company) return <Empty title={t("state.nothing")} more={t("state.no_rights")} />;
  return (
    <>
      <Switch>
        <Route path="/c/:company/*?">{({ company: id }) => { const own = session.companies.find((one) => one.id === id); return own ? <Company key={id} own={own} session={session} /> : <Redirect to="/" replace />; }}</Route>
        <Route><Redirect to={homeOf(company)} replace /></Route>
      </Switch>
      <Toasts />
    </>
  );
}

function Company({ own, session }: { own: CompanyName; session: Session }) {
  const { id } = own;
  const access = useMemo(() => accessOf(own), [own]);
  const { may } = access;
  const { t } = useWords();
  const telephone = useTelephone();
  const [path] = useLocation();
  useEffect(() => localStorage.setItem(LAST, id), [id]);
  return (
    <AccessGiven value={access}><DraftOf company={id}>
      <div className="shell">
        <a className="skip" href="#content">{t("nav.skip")}</a>
        <Nav id={id} session={session} />
        <div className="main">
          <OfflineBanner />
          {telephone.now.is === "ringing" && <Suspense><Ringing /></Suspense>}
          <Contained at={path}>
            <Suspense fallback={<Loading />}>
              <Switch>
                {may("read") && <Route path="/c/:c/overview"><OverviewPage company={id} /></Route>}
                {may("read") && <Route path="/c/:c/plans"><PlansPage company={id} /></Route>}
                {may("read") && <Route path="/c/:c/plans/:plan">{({ plan }) => <PlanPage key={plan} company={id} id={plan} />}</Route>}
                {may("read") && <Route path="/c/:c/menus"><MenusPage company={id} /></Route>}
                {may("read") && <Route path="/c/:c/menus/:menu">{({ menu }) => <MenuPage key={menu} company={id} name={decoded(menu)} />}</Route>}
                <Route path="/c/:c/live"><LivePage company={id} /></Route>
                <Route path="/c/:c/voicemail"><VoicemailPage company={id} /></Route>
                <Route path="/c/:c/calls"><CallsPage company={id} /></Route>
                {may("records") && <Route path="/c/:c/calls/:uuid">{({ uuid }) => <CallPage company={id} uuid={uuid} />}</Route>}
                {may("operate") && <Route path="/c/:c/phone"><PhonePage company={id} /></Route>}
                <Route path="/c/:c/people/:section?/:entry?">{({ section, entry }: Parts) => <PeoplePage company={id} section={section ?? "users"} entry={entry === undefined ? undefined : decoded(entry)} />}</Route>
                <Route path="/c/:c/today/:section?/:entry?">{({ section, entry }: Parts) => <TodayPage company={id} section={section ?? "switches"} entry={entry === undefined ? undefined : decoded(entry)} />}</Route>
                <Route path="/c/:c/settings/:section?/:entry?">{({ section, entry }: Parts) => <SettingsPage company={id} section={section ?? "company"} entry={entry === undefined ? undefined : decoded(entry)} session={session} />}</Route>
                <Route><Redirect to={homeOf(own)} replace /></Route>
              </Switch>
            </Suspense>
          </Contained>
        </div>
      </div>
    </DraftOf></AccessGiven>
  );
}

interface Parts { section?: string; entry?: string }

function decoded(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}

function OfflineBanner() {
  const { t } = useWords();
  const { state, failure, draft } = useDraft();
  if (failure) return <div className="banner bad" role="alert"><CloudOff size={18} aria-hidden /><span className="grow">{failure.message || t("state.failed")}</span><button type="button" className="button small" onClick={() => void draft.load()}>{t("action.retry")}</button></div>;
  if (!state?.offline) return null;
  return <div className="banner" role="status"><CloudOff size={18} aria-hidden /><span><b>{t("state.offline")}</b> {t("state.offline_more")}</span></div>;
}

function Nav({ id, session }: { id: string; session: Session }) {
  const { t, language } = useWords();
  const queries = useQueryClient();
  const [path, navigate] = useLocation();
  const boxes = useBoxes(id);
  const { may, extension } = useAccess();
  const [making, setMaking] = useState(false);
  const entry = (to: string, word: Word, icon: ReactNode, count = 0): ReactNode => {
    const href = `/c/${id}/${to}`;
    return <Link href={href} className={`to-${to}`} aria-current={path === href || path.startsWith(`${href}/`) ? "page" : undefined}>{icon}<span>{t(word)}</span>{count > 0 && <b className="nav-count">{count}<span className="sr"> {t("voicemail.unheard")}</span></b>}</Link>;
  };
  const phone = may("operate") && entry("phone", "nav.phone", <Phone size={19} strokeWidth={1.75} aria-hidden />);
  return (
    <nav className="nav" aria-label={t("nav.main")}>
      <Menu label={t("account.menu")} className="logo" align="left" button={<ListTree size={18} aria-hidden />}>
        {(close) => (
          <>
            {session.companies.length > 1 && <p className="quiet" style={{ padding: "6px 9px 2px", fontSize: 12 }}>{t("account.companies")}</p>}
            {session.companies.length > 1 && session.companies.map((company) => <button key={company.id} type="button" aria-current={company.id === id} onClick={() => { close(); navigate(homeOf(company)); }}><b className="ellipsis">{company.name}</b>{company.id === id && <span className="hint">✓</span>}</button>)}
            {session.user.role === "operator" && <button type="button" onClick={() => { close(); setMaking(true); }}><Plus size={15} aria-hidden />{t("settings.new_company")}</button>}
            {(session.companies.length > 1 || session.user.role === "operator") && <hr />}
            <p style={{ padding: "6px 9px" }}><b>{session.user.name}</b><br /><span className="quiet">{session.user.email}</span></p>
            <button type="button" onClick={() => { close(); speak(language === "nl" ? "en" : "nl"); }}><Languages size={15} aria-hidden />{t("account.language")}</button>
            <button type="button" onClick={() => { close(); switchTheme(); }}><SunMoon size={15} aria-hidden />{t("account.theme")}</button>
            <hr />
            <button type="button" onClick={() => { close(); void send("DELETE", "/session").finally(() => { queries.clear(); location.assign("/"); }); }}><LogOut size={15} aria-hidden />{t("account.sign_out")}</button>
          </>
        )}
      </Menu>
      {making && <Suspense><NewCompany onClose={() => setMaking(false)} /></Suspense>}
      {!may("read") && phone}
      {may("read") && entry("overview", "nav.overview", <MapIcon size={19} strokeWidth={1.75} aria-hidden />)}
      {may("read") && entry("plans", "nav.plans", <ListTree size={19} strokeWidth={1.75} aria-hidden />)}
      {may("read") && entry("menus", "nav.menus", <Grip size={19} strokeWidth={1.75} aria-hidden />)}
      {entry("live", "nav.live", <Activity size={19} strokeWidth={1.75} aria-hidden />)}
      {(may("records") || !!extension) && entry("calls", "nav.calls", <PhoneCall size={19} strokeWidth={1.75} aria-hidden />)}
      {!!boxes.data?.length && entry("voicemail", "voicemail.title", <Voicemail size={19} strokeWidth={1.75} aria-hidden />, boxes.data.reduce((count, box) => count + box.new, 0))}
      {may("read") && phone}
      {may("read") ? entry("people", "nav.people", <UsersRound size={19} strokeWidth={1.75} aria-hidden />) : entry("people", "people.phone_book", <BookUser size={19} strokeWidth={1.75} aria-hidden />)}
      {entry("today", "nav.today", <ToggleRight size={19} strokeWidth={1.75} aria-hidden />)}
      <span className="space" />
      {entry("settings", "nav.settings", <Settings size={19} strokeWidth={1.75} aria-hidden />)}
    </nav>
  );
}
