"use strict";
// One taxi's day: a slider over the seconds, the legs of the day on the map, and a list of what happened.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const time = byId("time"), list = byId("list"), play = byId("play");
const INKS = { vacant: "--first", occupied: "--second" };
const SECONDS_PER_FRAME = 4;
const legs = data.legs.filter((leg) => leg.at.length > 1);
let shownLeg = -2, frame = 0;

const map = makeMap(byId("map"), data, (id, at) => go(legs[Number(id.split("-")[1])].at[at]));

// The leg of a second, or the last one before it: off shift the taxi stands where that ended.
function legAt(second) {
  let low = -1, high = legs.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (legs[middle].at[0] <= second) low = middle;
    else high = middle - 1;
  }
  return low;
}

function placeIn(at, second) {
  let k = at.findIndex((moment) => moment > second);
  if (k < 0) return at.length - 1;
  if (k === 0) return 0;
  return k - 1 + (second - at[k - 1]) / (at[k] - at[k - 1]);
}

function drawLegs(now) {
  if (now === shownLeg) return;
  shownLeg = now;
  map.show(
    legs.map((leg, number) => ({
      id: `leg-${number}`,
      numbers: leg.line,
      ink: number <= now ? INKS[leg.kind] : "--faint",
      width: number === now ? 4 : 2,
      alpha: number === now ? 1 : number < now ? 0.55 : 0.25,
    })),
  );
}

function go(second) {
  const now = Math.max(0, legAt(second)), leg = legs[now];
  const off = second < legs[0].at[0] || second > leg.at[leg.at.length - 1];
  time.value = second;
  drawLegs(now);
  map.mark(`leg-${now}`, placeIn(leg.at, second), off ? "--faint" : INKS[leg.kind]);
  const clock = (data.begins + second) % 86400, two = (number) => String(Math.floor(number)).padStart(2, "0");
  byId("clock").textContent = `${two(clock / 3600)}:${two((clock / 60) % 60)}:${two(clock % 60)}`;
  byId("state").textContent = off ? "off shift" : leg.kind === "vacant" ? "vacant" : "with a customer";
  time.setAttribute("aria-valuetext", `${byId("clock").textContent}, ${byId("state").textContent}`);
  const current = data.moments.findLastIndex((moment) => moment.at <= second);
  for (const [number, button] of [...list.querySelectorAll("button")].entries())
    button.setAttribute("aria-current", String(number === current));
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

list.append(
  ...data.moments.map((moment) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.append(element("span", moment.name), element("span", moment.clock), element("small", moment.detail));
    button.addEventListener("click", () => {
      go(moment.at);
      map.fit([`leg-${Math.max(0, legAt(moment.at))}`]);
    });
    item.append(button);
    return item;
  }),
);

function step() {
  const next = Number(time.value) + SECONDS_PER_FRAME;
  if (next >= Number(time.max)) return stop();
  go(next);
  frame = requestAnimationFrame(step);
}

function stop() {
  cancelAnimationFrame(frame);
  play.setAttribute("aria-pressed", "false");
  play.textContent = "Play";
}

play.addEventListener("click", () => {
  if (play.getAttribute("aria-pressed") === "true") return stop();
  play.setAttribute("aria-pressed", "true");
  play.textContent = "Stop";
  frame = requestAnimationFrame(step);
});
time.addEventListener("input", () => go(Number(time.value)));
byId("in").addEventListener("click", () => map.zoom(1.4));
byId("out").addEventListener("click", () => map.zoom(1 / 1.4));
byId("fit").addEventListener("click", () => map.fit(null));
if (legs.length) {
  time.min = data.moments[0].at;
  time.max = data.moments[data.moments.length - 1].at;
  go(data.moments[0].at);
} else {
  byId("state").textContent = "This taxi was not on shift.";
  time.disabled = play.disabled = true;
}
