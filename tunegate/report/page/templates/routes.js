"use strict";
// The route check: routes of both arms in a list, most changed first, and the chosen one on the map.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const canvas = byId("map"), list = byId("list"), details = byId("details");
const ARMS = [["p", "--first", [7, 5]], ["c", "--second", []]];
let chosen = null, everything = false;

const map = makeMap(canvas, data, (id) => choose(Number(id.split("-")[1]), false));

function lineOf(route, arm, ink, dash, strong) {
  const dots = strong ? [{ at: 0, size: 7 }, ...route[arm].dots.map((at) => ({ at, size: 5, hollow: true }))] : [];
  return { id: `${arm}-${route.id}`, numbers: route[arm].line, ink, dash, width: strong ? 4 : 1.5, alpha: strong ? 1 : 0.35, dots };
}

function shown() {
  const hour = byId("hour").value, day = byId("day").value, only = byId("changed").getAttribute("aria-pressed") === "true";
  return data.routes.filter(
    (route) => (!hour || String(route.hour) === hour) && (!day || route.day === day) && (!only || route.changed),
  );
}

function drawLines() {
  const others = everything ? shown().filter((route) => route !== chosen) : [];
  const faint = ARMS.flatMap(([arm, ink, dash]) => others.map((route) => lineOf(route, arm, ink, dash, false)));
  // Production lies above the candidate, dashed, so that both are seen where they are the same.
  const strong = chosen ? [...ARMS].reverse().map(([arm, ink, dash]) => lineOf(chosen, arm, ink, dash, true)) : [];
  map.show([...faint, ...strong]);
}

function fillList() {
  list.replaceChildren(
    ...shown().map((route) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.dataset.route = route.id;
      button.setAttribute("aria-current", String(route === chosen));
      button.append(
        element("span", `${route.when}, start ${route.start + 1}`),
        element("span", `${Math.round(100 * route.common)} % in common`),
        element("small", differences(route)),
      );
      button.addEventListener("click", () => choose(route.id, true));
      item.append(button);
      return item;
    }),
  );
  byId("count").textContent = `${shown().length} of ${data.routes.length} routes`;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function differences(route) {
  const found = data.measures
    .filter(([key]) => key !== "km" && route.p[key] !== route.c[key])
    .map(([key, name]) => `${name} ${route.p[key]} → ${route.c[key]}`);
  return found.join(" · ") || "nothing counted differs";
}

function choose(id, fit) {
  chosen = data.routes.find((route) => route.id === id);
  for (const button of list.querySelectorAll("button"))
    button.setAttribute("aria-current", String(Number(button.dataset.route) === id));
  if (!fit) list.querySelector(`[data-route="${id}"]`)?.scrollIntoView({ block: "nearest" });
  details.replaceChildren(tableOf(chosen));
  drawLines();
  if (fit) map.fit([`p-${id}`, `c-${id}`]);
}

function tableOf(route) {
  const table = document.createElement("table"), body = document.createElement("tbody");
  const rowOf = (kinds, texts) => {
    const row = document.createElement("tr");
    row.append(...texts.map((text, k) => element(kinds[k], text)));
    return row;
  };
  for (const [key, name] of data.measures) body.append(rowOf(["th", "td", "td"], [name, route.p[key], route.c[key]]));
  const head = document.createElement("thead");
  head.append(rowOf(["th", "th", "th"], ["This route", "Production", "Candidate"]));
  table.append(element("caption", `${route.when}, start ${route.start + 1}`), head, body);
  return table;
}

function toggle(button, act) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    act();
  });
}

function refresh() {
  fillList();
  drawLines();
}

byId("hour").addEventListener("change", refresh);
byId("day").addEventListener("change", refresh);
toggle(byId("changed"), refresh);
toggle(byId("everything"), () => {
  everything = !everything;
  drawLines();
});
byId("in").addEventListener("click", () => map.zoom(1.4));
byId("out").addEventListener("click", () => map.zoom(1 / 1.4));
byId("fit").addEventListener("click", () => map.fit(chosen && !everything ? [`p-${chosen.id}`, `c-${chosen.id}`] : null));
fillList();
if (data.routes.length) choose(data.routes[0].id, true);
