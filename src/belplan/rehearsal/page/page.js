// The page of `belplan webhook serve`. All that came from elsewhere is shown as text.
const WORDS = {
  nl: {
    answer: "Uw antwoord", says: "Wat antwoordt deze server?", set: "Zet", now: "Nu:", empty_answer: "niets (een lege tekst)",
    hint: "Een tekst; na ! een status, na ~ seconden: ~1.5 !503. Wat met { begint, gaat als JSON.",
    sample: "Stuur een voorbeeld", sample_hint: "Een gegevensverzoek met de twaalf velden, zoals de centrale het stuurt.",
    requests: "Verzoeken", empty: "Nog geen. Zet het adres hierboven als URL in de Webhook, en bel.",
    lost: "De server is gestopt", waits: "wacht op een antwoord", repeat: "herhaling", right: "handtekening klopt",
    other: "English", withheld: "nummer verborgen",
  },
  en: {
    answer: "Your answer", says: "What does this server answer?", set: "Set", now: "Now:", empty_answer: "nothing (an empty text)",
    hint: "A text; after ! a status, after ~ seconds: ~1.5 !503. What begins with { is sent as JSON.",
    sample: "Send an example", sample_hint: "A data request with the twelve fields, as the exchange sends it.",
    requests: "Requests", empty: "None yet. Put the address above into the Webhook as its URL, and call.",
    lost: "The server has ended", waits: "waits for an answer", repeat: "repeat", right: "signature right",
    other: "Nederlands", withheld: "number withheld",
  },
};
let language = localStorage.getItem("language") ?? (navigator.language.startsWith("nl") ? "nl" : "en");
let standing = { text: "", status: 200, delay: 0 };
const requests = new Map();
const byId = (id) => document.getElementById(id);
const word = (name) => WORDS[language][name];

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function short({ text, status, delay }) {
  return [delay ? `~${delay}` : "", status === 200 ? "" : `!${status}`, text].filter(Boolean).join(" ");
}

function draw() {
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  byId("language").textContent = word("other");
  byId("standing").textContent = short(standing) || word("empty_answer");
  byId("empty").hidden = requests.size > 0;
  for (const one of requests.values()) redraw(one);
}

function redraw(one) {
  const { seen, at, answer } = one;
  const summary = element("summary");
  const caller = seen.method === "POST" ? seen.fields.caller_number || word("withheld") : "";
  summary.append(element("span", "at", new Date(at).toLocaleTimeString(language)), element("strong", "", seen.method));
  summary.append(element("code", "target", seen.target), element("span", "", caller));
  if (seen.problem) summary.append(element("span", "mark bad", seen.problem));
  if (seen.repeat) summary.append(element("span", "mark warn", word("repeat")));
  if (seen.signature) {
    const right = seen.signature === "right";
    summary.append(element("span", `mark ${right ? "good" : "bad"}`, right ? word("right") : seen.signature));
  }
  summary.append(element("span", `mark ${answer ? (answer.status < 300 ? "good" : "bad") : ""}`, answer ? `← ${short(answer) || "∅"}` : word("waits")));
  const more = element("div", "more");
  const table = element("table");
  for (const [name, value] of Object.entries(seen.fields)) {
    const row = element("tr");
    row.append(element("th", "", name), element("td", "", value || "—"));
    table.append(row);
  }
  more.append(seen.method === "POST" && !seen.problem ? table : element("code", "", seen.body || seen.target));
  one.details.replaceChildren(summary, more);
}

function take(event) {
  if (event.standing) standing = event.standing;
  if (event.seen && !requests.has(event.seen.number)) {
    const one = { seen: event.seen, at: event.at, details: element("details") };
    requests.set(event.seen.number, one);
    const item = element("li");
    item.append(one.details);
    byId("requests").prepend(item);
  }
  if (event.told) requests.get(event.told).answer = event.answer;
  draw();
}

function post(path, content) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });
}

async function answer(line) {
  const sent = await post("answer", { line });
  byId("problem").textContent = sent.ok ? "" : (await sent.json()).problem;
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  answer(byId("line").value);
});
byId("language").addEventListener("click", () => {
  language = language === "nl" ? "en" : "nl";
  localStorage.setItem("language", language);
  draw();
});
byId("sample").addEventListener("click", () => post("example", {}));
for (const line of ["openstaand", "!503", "~3 openstaand"]) {
  const button = element("button", "", line);
  button.type = "button";
  button.addEventListener("click", () => {
    byId("line").value = line;
    answer(line);
  });
  byId("quick").append(button);
}
byId("address").textContent = `${location.origin}/belplan`;
const events = new EventSource("events");
events.addEventListener("message", ({ data }) => take(JSON.parse(data)));
events.addEventListener("open", () => {
  // A server that was started anew counts from one again.
  requests.clear();
  byId("requests").replaceChildren();
  byId("state").textContent = "";
  draw();
});
events.addEventListener("error", () => {
  byId("state").textContent = word("lost");
});
draw();
