/** A SIP telephone in the browser: JsSIP behind the few things that a phone does. */

import * as JsSIP from "jssip";

export type Trouble = "busy" | "refused" | "absent" | "unknown" | "no_answer" | "microphone" | "lost" | "failed";

export type PhoneState =
  | { is: "off"; trouble?: Trouble } | { is: "connecting" } | { is: "ready"; trouble?: Trouble }
  | { is: "calling"; number: string } | { is: "ringing"; number: string } | { is: "talking"; number: string; since: number };

export interface Account { url: string; username: string; password: string }

interface Session {
  on: (event: string, listener: (event: never) => void) => void;
  answer: (options: object) => void; terminate: () => void; sendDTMF: (tone: string, options: object) => void;
  connection?: RTCPeerConnection; remote_identity: { uri: { user: string } };
}

const SOUND = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };
const DOMAIN = "belplan.invalid"; // RFC 2606: the exchange goes by the account, not by a name
const GATHER = 200; // ms for candidates: waiting for all of them costs seconds where one network does not answer

// JsSIP's causes, as whoever called would say it.
const TROUBLES: Record<string, Trouble | undefined> = {
  Busy: "busy", Rejected: "refused", Unavailable: "absent", "Not Found": "unknown", "Address Incomplete": "unknown", "No Answer": "no_answer",
  "User Denied Media Access": "microphone", "WebRTC Error": "microphone", "Connection Error": "lost",
};
const NO_TROUBLE = ["Canceled", "Terminated"];

export class BrowserPhone {
  private agent: { start: () => void; stop: () => void; call: (target: string, options: object) => Session; on: (event: string, listener: (event: never) => void) => void };
  private session: Session | null = null;

  constructor(account: Account, private tell: (state: PhoneState) => void, private hear: (stream: MediaStream) => void) {
    const socket = new JsSIP.WebSocketInterface(account.url);
    const uri = `sip:${account.username}@${DOMAIN}`;
    this.agent = new JsSIP.UA({
      sockets: [socket], uri, password: account.password, register: true, register_expires: 120, session_timers: false,
      contact_uri: `${uri};transport=ws`, // who called us is answered from the account itself
    }) as never;
    this.agent.on("registered", () => { if (!this.session) tell({ is: "ready" }); });
    this.agent.on("registrationFailed", () => { this.agent.stop(); tell({ is: "off", trouble: "lost" }); });
    this.agent.on("disconnected", () => { if (!this.session) tell({ is: "connecting" }); });
    this.agent.on("newRTCSession", ((event: { originator: string; session: Session }) => this.meet(event.session, event.originator === "remote")) as never);
  }

  start(): void { this.agent.start(); }
  stop(): void { this.hangUp(); this.agent.stop(); }
  call(number: string): void { this.agent.call(`sip:${number}@${DOMAIN}`, SOUND); }
  answer(): void { this.session?.answer(SOUND); }
  hangUp(): void { try { this.session?.terminate(); } catch { /* it ended meanwhile */ } }
  press(key: string): void { this.session?.sendDTMF(key, { transportType: "RFC2833" }); }

  private meet(session: Session, incoming: boolean): void {
    if (this.session) { session.terminate(); return; } // one call at a time
    this.session = session;
    const number = session.remote_identity.uri.user;
    const listen = (connection: RTCPeerConnection): void => connection.addEventListener("track", (event) => this.hear(event.streams[0] ?? new MediaStream([event.track])));
    if (session.connection) listen(session.connection);
    else session.on("peerconnection", ((event: { peerconnection: RTCPeerConnection }) => listen(event.peerconnection)) as never);
    session.on("icecandidate", ((event: { ready: () => void }) => setTimeout(() => event.ready(), GATHER)) as never);
    this.tell(incoming ? { is: "ringing", number } : { is: "calling", number });
    session.on("accepted", () => this.tell({ is: "talking", number, since: Date.now() }));
    session.on("ended", () => this.over(""));
    session.on("failed", ((event: { originator: string; cause: string }) => this.over(event.originator === "local" && event.cause === "Rejected" ? "" : event.cause)) as never);
  }

  private over(cause: string): void {
    this.session = null;
    this.tell(!cause || NO_TROUBLE.includes(cause) ? { is: "ready" } : { is: "ready", trouble: TROUBLES[cause] ?? "failed" });
  }
}
