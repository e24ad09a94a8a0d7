/** The page reports its own errors, and goes on with what still works. */

import { Component, type ReactNode } from "react";
import { Empty } from "./ui/parts";
import { say } from "./words";

let sent = 0;

/** To the server's log: what and where, never what somebody typed. At most ten a visit. */
export function report(error: unknown): void {
  if ((sent += 1) > 10) return;
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: "" };
  void fetch("/api/v1/page-errors", {
    method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message: message.slice(0, 300), stack: (stack ?? "").slice(0, 2000), path: location.pathname }),
  }).catch(() => undefined);
}

export function watchErrors(): void {
  window.addEventListener("error", (event) => report(event.error ?? event.message));
  window.addEventListener("unhandledrejection", (event) => report(event.reason));
}

export class Contained extends Component<{ children: ReactNode; at: string }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError(): { failed: boolean } { return { failed: true }; }
  override componentDidCatch(error: unknown): void { report(error); }
  override componentDidUpdate(before: { at: string }): void { if (before.at !== this.props.at && this.state.failed) this.setState({ failed: false }); }
  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return <main className="main"><Empty title={say("state.failed")} more={say("state.failed_more")}><button type="button" className="button" onClick={() => location.reload()}>{say("action.reload")}</button></Empty></main>;
  }
}
