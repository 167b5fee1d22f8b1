// The dashboard: reads /api/v1/events and shows it. Everything that comes from the server is text, never markup.
"use strict";

const byId = (id) => document.getElementById(id);

/** An element with properties and children; `null` children are left out. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const pill = (word) => make("span", { className: `pill ${word}`, textContent: word.replace("_", " ") });

function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const clock = (moment) => new Date(moment).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

// --- What operators ordered -----------------------------------------------------------------------

const until = (seconds) => (typeof seconds === "number" ? `for another ${lasting(seconds)}` : "until it is ended");

const named = (kind, names) => (names.length ? `${kind} ${names.join(", ")}` : null);

function bypass(item) {
  return make("article", { className: "card" },
    make("p", {}, make("h3", { textContent: item.name }), " ", pill("bypass"),
      make("span", { className: "quiet", textContent: ` ${until(item.ends_in_seconds)}, by ${item.by}` })),
    make("p", { textContent: `Passes over ${{ needs: "unmet needs", windows: "windows", both: "unmet needs and windows" }[item.skips]} of ${item.covers}.` }),
    item.reason ? make("p", { textContent: item.reason }) : null);
}

function hold(item, board) {
  const theirs = board.routes.filter((route) => !item.routes.length || item.routes.includes(route.name));
  const waiting = theirs.reduce((sum, route) => sum + (route.waiting ?? 0), 0);
  return make("article", { className: "card" },
    make("p", {}, make("h3", { textContent: item.name }), " ", pill("hold"),
      make("span", { className: "quiet", textContent: ` ${until(item.ends_in_seconds)}, by ${item.by}` })),
    make("p", { textContent: `Requests of ${item.routes.join(", ") || "every route"} wait: ${waiting} at this moment.` }),
    item.reason ? make("p", { textContent: item.reason }) : null);
}

function maintenance(item) {
  const scope = [named("routes", item.routes), named("hosts", item.hosts), named("tenants", item.tenants),
    item.organisation ? `organisation ${item.organisation}` : null].filter(Boolean).join("; ");
  const when = item.opens_in_seconds ? `opens in ${lasting(item.opens_in_seconds)}`
    : item.until_ready ? "until everything is ready" : until(item.ends_in_seconds);
  return make("article", { className: "card" },
    make("p", {}, make("h3", { textContent: item.name }), " ", pill(item.open ? "window" : "planned"),
      make("span", { className: "quiet", textContent: ` ${when}, from the ${item.source}` })),
    make("p", { textContent: `Blocks ${item.blocks} of ${scope || "all requests"}.` }),
    item.message ? make("p", { textContent: item.message }) : null);
}

function orders(board) {
  const table = board.windows?.table;
  const untold = table && table.state !== "read"
    ? [make("p", { textContent: `The table ${table.name} of maintenance windows is ${table.state}${table.problem ? `: ${table.problem}` : ""}.` })] : [];
  const cards = [...untold, ...(board.bypasses ?? []).map(bypass), ...(board.holds ?? []).map((item) => hold(item, board)),
    ...(board.windows?.windows ?? []).map(maintenance)];
  byId("in-force").hidden = !cards.length;
  byId("orders").replaceChildren(...cards);
}

// --- What must be there ---------------------------------------------------------------------------

function requirement(item, several) {
  const unmet = item.findings.length > 0;
  return make("article", { className: "card" },
    make("p", {}, make("h3", { textContent: item.name }), " ", pill(item.verdict),
      make("span", { className: "quiet", textContent:
        ` for ${lasting(item.since_seconds)}${several ? ` in ${item.database}` : ""}${item.component ? ` · ${item.component}` : ""}` })),
    item.tenants?.not_ready ? make("p", { textContent:
      `In ${item.tenants.not_ready} of ${item.tenants.ready + item.tenants.not_ready} tenants` }) : null,
    unmet ? make("ul", {}, item.findings.map((finding) => make("li", { textContent: finding.text }))) : null,
    (item.warnings ?? []).length ? make("ul", { className: "quiet" }, item.warnings.map((warning) =>
      make("li", { textContent: typeof warning === "string" ? warning : warning.text }))) : null,
    unmet && item.mend ? make("p", {}, "To mend it: ", make("code", { textContent: item.mend })) : null,
    unmet && item.routes.length ? make("p", { className: "quiet", textContent: `Routes: ${item.routes.join(", ")}` }) : null);
}

const order = ["contradicted", "broken", "migrating", "unknown", "ready"];

function requirements(board) {
  const several = board.databases.length > 1;
  const sorted = [...board.requirements].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const ready = sorted.filter((item) => item.verdict === "ready" && !(item.warnings ?? []).length);
  const others = sorted.filter((item) => !ready.includes(item));
  const away = board.databases.filter((database) => !database.known).map((database) => database.name);
  byId("databases").textContent = away.length
    ? `Cannot be looked at: ${away.join(", ")}. What was known of it counts no longer.`
    : `${board.databases.length === 1 ? "The database is" : "All databases are"} looked at.`;
  const open = byId("ready-ones")?.open ?? others.length === 0;
  byId("requirements").replaceChildren(
    ...others.map((item) => requirement(item, several)),
    ...(ready.length ? [make("details", { id: "ready-ones", open },
      make("summary", { textContent: `${ready.length} ready` }), ready.map((item) => requirement(item, several)))] : []),
    ...(sorted.length ? [] : [make("p", { className: "quiet", textContent: "Nothing is required yet." })]));
}

// --- Routes ---------------------------------------------------------------------------------------

let before = null;

/** Requests a second by action, since the board before. */
function rates(route, board) {
  const earlier = before?.routes.find((other) => other.name === route.name);
  const seconds = before ? (Date.parse(board.at) - Date.parse(before.at)) / 1000 : 0;
  if (!earlier || seconds <= 0) return "";
  const grown = Object.entries(route.taken).map(([action, count]) => [action, (count - (earlier.taken[action] ?? 0)) / seconds]);
  return grown.filter(([, rate]) => rate > 0).map(([action, rate]) => `${action} ${rate.toFixed(1)}`).join(", ");
}

function routes(board) {
  const wanted = byId("find").value.trim().toLowerCase();
  const shown = board.routes.filter((route) =>
    !wanted || [route.name, route.path, route.host, route.action, ...route.needs].some((text) => text.toLowerCase().includes(wanted)));
  byId("routes").replaceChildren(...shown.map((route) => make("tr", {},
    make("th", { scope: "row", textContent: route.name }),
    make("td", { textContent: route.needs.join(", ") || "nothing" }),
    make("td", {}, pill(route.action), route.observed ? " observed only" : "", route.waiting ? ` ${route.waiting} waiting` : ""),
    make("td", { textContent: rates(route, board) }),
    make("td", { textContent: Object.entries(route.taken).map(([action, count]) => `${action} ${count}`).join(", ") }))));
  byId("found").textContent = wanted || board.all_routes > shown.length ? `${shown.length} of ${board.all_routes}` : "";
}

// --- Tenants --------------------------------------------------------------------------------------

/** What the list of tenants was asked for last: the same question at the same generation has the same answer. */
let asked = "";

function tenant(item) {
  const unmet = item.requirements.filter((requirement) => requirement.findings.length);
  return make("tr", {},
    make("th", { scope: "row", textContent: item.schema }),
    make("td", { textContent: item.domains.join(", ") }),
    make("td", {}, pill(item.verdict), make("span", { className: "quiet", textContent: ` since ${clock(Date.now() - item.since_seconds * 1000)}` })),
    make("td", {}, unmet.map((requirement) => [
      make("ul", {}, requirement.findings.map((finding) => make("li", { textContent: finding }))),
      requirement.mend ? make("p", {}, "To mend it: ", make("code", { textContent: requirement.mend })) : null]).flat()));
}

/** Ten thousand tenants are searched by the server; the page shows the first of those that are found. */
async function tenants(board) {
  byId("tenants").hidden = !board.tenants;
  if (!board.tenants) return;
  const { ready, not_ready, problem } = board.tenants;
  byId("tenants-tally").textContent = problem
    ? `It is not known who they are: ${problem.text}`
    : `${ready} ready, ${not_ready} not.`;
  const question = `/api/v1/tenants?find=${encodeURIComponent(byId("find-tenant").value.trim())}`;
  if (asked === `${board.generation} ${question}`) return;
  asked = `${board.generation} ${question}`;
  const answer = await ask(question);
  if (!answer.ok || asked !== `${board.generation} ${question}`) return;
  const list = await answer.json();
  byId("tenant-rows").replaceChildren(...list.tenants.map(tenant));
  byId("found-tenants").textContent = list.found > list.tenants.length
    ? `the first ${list.tenants.length} of ${list.found}` : `${list.found} of ${list.all}`;
}

// --- Suggestions ----------------------------------------------------------------------------------

async function suggestions() {
  const answer = await ask("/api/v1/suggestions");
  if (!answer.ok) return;
  const { toml } = await answer.json();
  byId("suggestions").hidden = !toml;
  if (byId("proposal").textContent !== toml) {
    byId("proposal").textContent = toml;
    byId("copied").textContent = "";
  }
}

// --- Incidents ------------------------------------------------------------------------------------

function incident(item) {
  const met = Object.entries(item.requests).map(([action, count]) => `${count} × ${action}`).join(", ");
  const lasted = (Date.parse(item.mended ?? latest.at) - Date.parse(item.broke)) / 1000;
  return make("article", { className: "card" },
    make("p", {}, make("h3", { textContent: item.requirement }), " ", pill(item.mended ? "mended" : item.verdict),
      make("span", { className: "quiet", textContent: ` ${item.mended ? "lasted" : "for"} ${lasting(lasted)}` })),
    make("ul", {},
      make("li", { textContent: `seen broken ${clock(item.broke)}` }),
      item.first_refusal ? make("li", { textContent: `first request met ${clock(item.first_refusal)}` }) : null,
      item.mended ? make("li", { textContent: `seen mended ${clock(item.mended)}` }) : null,
      make("li", { textContent: met ? `requests: ${met}` : "no request met it" }),
      item.findings.map((finding) => make("li", { textContent: finding }))));
}

function incidents(board) {
  byId("incidents").replaceChildren(...(board.incidents.length
    ? board.incidents.map(incident)
    : [make("p", { className: "quiet", textContent: "Nothing was broken since schemagate started." })]));
}

// --- The whole ------------------------------------------------------------------------------------

let latest = null;

function show(board) {
  before = latest;
  latest = board;
  const status = byId("status");
  if (status.textContent !== board.status) status.textContent = board.status;
  status.className = `pill ${board.status}`;
  document.title = board.status === "ready" ? "schemagate" : `${board.status} · schemagate`;
  byId("at").textContent = clock(board.at);
  byId("version").textContent = `schemagate ${board.version}`;
  byId("board").hidden = false;
  byId("login").hidden = true;
  byId("trouble").hidden = true;
  orders(board);
  requirements(board);
  tenants(board);
  routes(board);
  incidents(board);
  suggestions();
}

/** Says why nothing new is shown. */
function trouble(word, why) {
  byId("status").textContent = word;
  byId("status").className = "pill lost";
  const old = latest ? ` What is shown is of ${clock(latest.at)}.` : "";
  const text = `${why}${old}`;
  if (byId("trouble").textContent !== text) byId("trouble").textContent = text;
  byId("trouble").hidden = false;
}

// --- Reading --------------------------------------------------------------------------------------

// Of this tab only; a token is never kept on disk.
let token = sessionStorage.getItem("token");

const ask = (path) => fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {}, cache: "no-store" });

/** schemagate answers, and does not show anything. */
class Refused extends Error {}

/** Reads server-sent events: EventSource cannot send a token. */
async function read() {
  const answer = await ask("/api/v1/events");
  if (answer.status === 401) {
    byId("wrong").textContent = token ? "That is not the token." : "";
    byId("status").textContent = "token needed";
    byId("board").hidden = true;
    byId("login").hidden = false;
    byId("token").focus();
    return false;
  }
  if (!answer.ok) {
    // It is there, and says what is wrong: another Host (421), a page from elsewhere (403), too many who watch (429).
    const told = await answer.json().catch(() => ({}));
    throw new Refused(told.detail ? `schemagate refuses (${answer.status}): ${told.detail}.` : `schemagate answers ${answer.status}.`);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) show(JSON.parse(data));
    }
  }
}

async function follow() {
  for (;;) {
    let refusal = null;
    try {
      if (!(await read())) return;
    } catch (error) {
      if (error instanceof Refused) refusal = error;
    }
    if (refusal) trouble("refused", refusal.message);
    else trouble("connection lost", "schemagate cannot be reached; it is tried again every second.");
    await new Promise((resume) => setTimeout(resume, refusal ? 5000 : 1000));
  }
}

async function save(path, name) {
  const answer = await ask(path);
  if (!answer.ok) return;
  const link = make("a", { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value;
  sessionStorage.setItem("token", token);
  byId("token").value = "";
  follow();
});
byId("find").addEventListener("input", () => latest && routes(latest));
byId("find-tenant").addEventListener("input", () => latest && tenants(latest));
byId("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("proposal").textContent);
  byId("copied").textContent = "Copied.";
});
byId("as-markdown").addEventListener("click", () => save("/api/v1/incidents.md", "incidents.md"));
byId("as-json").addEventListener("click", () => save("/api/v1/incidents", "incidents.json"));
follow();
