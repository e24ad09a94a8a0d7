/** A SIP telephone in the browser: JsSIP behind the few things that a phone does. */

import * as JsSIP from "jssip";

export type PhoneState =
  | { is: "off"; failed?: string } | { is: "connecting" } | { is: "ready"; failed?: string }
  | { is: "calling"; number: string } | { is: "ringing"; number: string } | { is: "talking"; number: string };

export interface Account { url: string; domain: string; username: string; password: string; name: string }

interface Session {
  on: (event: string, listener: (event: never) => void) => void;
  answer: (options: object) => void; terminate: () => void; sendDTMF: (tone: string, options: object) => void;
  connection?: RTCPeerConnection; remote_identity: { uri: { user: string } };
}

const SOUND = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

export class BrowserPhone {
  private agent: { start: () => void; stop: () => void; call: (target: string, options: object) => Session; on: (event: string, listener: (event: never) => void) => void };
  private session: Session | null = null;

  constructor(private account: Account, private tell: (state: PhoneState) => void, private hear: (stream: MediaStream) => void) {
    const socket = new JsSIP.WebSocketInterface(account.url);
    this.agent = new JsSIP.UA({ sockets: [socket], uri: `sip:${account.username}@${account.domain}`, password: account.password, display_name: account.name, register: true, session_timers: false }) as never;
    this.agent.on("registered", () => { if (!this.session) tell({ is: "ready" }); });
    this.agent.on("registrationFailed", ((event: { cause: string }) => tell({ is: "off", failed: event.cause })) as never);
    this.agent.on("disconnected", () => { if (!this.session) tell({ is: "connecting" }); });
    this.agent.on("newRTCSession", ((event: { originator: string; session: Session }) => this.meet(event.session, event.originator === "remote")) as never);
  }

  start(): void { this.agent.start(); }
  stop(): void { this.hangUp(); this.agent.stop(); }
  call(number: string): void { this.agent.call(`sip:${number}@${this.account.domain}`, SOUND); }
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
    // Candidates of one network are enough: waiting for all costs seconds where one does not answer.
    session.on("icecandidate", ((event: { ready: () => void }) => setTimeout(() => event.ready(), 200)) as never);
    this.tell(incoming ? { is: "ringing", number } : { is: "calling", number });
    session.on("accepted", () => this.tell({ is: "talking", number }));
    session.on("ended", () => this.over(""));
    session.on("failed", ((event: { cause: string }) => this.over(event.cause)) as never);
  }

  private over(failed: string): void {
    this.session = null;
    this.tell(failed && failed !== "Canceled" ? { is: "ready", failed } : { is: "ready" });
  }
}
