"use strict";
// A map to pan, zoom and click: roads below, lines above. No request is made; everything is in the page.
//
// Coordinates in the page are whole units of 1e-5 degrees east and north of an origin, the first of a line absolute, the others
// as differences. `makeMap(canvas, {origin: [lon, lat], roads: [line, …]}, onPick)` gives the functions at its end.
// This file is in two packages, byte for byte.

function makeMap(canvas, network, onPick) {
  const context = canvas.getContext("2d");
  const squeeze = Math.cos((network.origin[1] * Math.PI) / 180);
  const view = { scale: 1, x: 0, y: 0 };
  const pointers = new Map();
  let lines = [], marker = null, size = { width: 0, height: 0 }, moved = 0, pending = false, fitted = false;

  function decode(numbers) {
    const points = new Float64Array(numbers.length);
    let east = 0, north = 0;
    for (let k = 0; k < numbers.length; k += 2) {
      east += numbers[k];
      north += numbers[k + 1];
      points[k] = east * squeeze;
      points[k + 1] = -north;
    }
    return points;
  }

  function trace(path, points) {
    path.moveTo(points[0], points[1]);
    for (let k = 2; k < points.length; k += 2) path.lineTo(points[k], points[k + 1]);
  }

  const roads = network.roads.map(decode);
  const roadPath = new Path2D();
  for (const road of roads) trace(roadPath, road);

  function bounds(all) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const points of all)
      for (let k = 0; k < points.length; k += 2) {
        box[0] = Math.min(box[0], points[k]);
        box[1] = Math.min(box[1], points[k + 1]);
        box[2] = Math.max(box[2], points[k]);
        box[3] = Math.max(box[3], points[k + 1]);
      }
    return box;
  }

  function fit(all) {
    const box = bounds(all.length ? all : roads);
    if (!(box[2] >= box[0]) || !size.width) return;
    const width = Math.max(box[2] - box[0], 50), height = Math.max(box[3] - box[1], 50);
    // Below stands the legend.
    const free = size.height > 500 ? size.height - 90 : size.height;
    view.scale = Math.min(size.width / width, free / height) * 0.9;
    view.x = size.width / 2 - (view.scale * (box[0] + box[2])) / 2;
    view.y = free / 2 - (view.scale * (box[1] + box[3])) / 2;
    redraw();
  }

  function zoom(factor, x, y) {
    const to = Math.min(Math.max(view.scale * factor, 1e-4), 100);
    const by = to / view.scale;
    view.x = x - (x - view.x) * by;
    view.y = y - (y - view.y) * by;
    view.scale = to;
    redraw();
  }

  function pan(dx, dy) {
    view.x += dx;
    view.y += dy;
    redraw();
  }

  function redraw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    pending = false;
    const style = getComputedStyle(canvas), ratio = window.devicePixelRatio || 1;
    const ink = (name) => style.getPropertyValue(name).trim() || name;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * view.x, ratio * view.y);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = ink("--road");
    context.lineWidth = 1 / view.scale;
    context.stroke(roadPath);
    for (const line of lines) {
      context.globalAlpha = line.alpha ?? 1;
      context.strokeStyle = ink(line.ink);
      context.lineWidth = (line.width ?? 2) / view.scale;
      context.setLineDash((line.dash ?? []).map((length) => length / view.scale));
      context.stroke(line.path);
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
    for (const line of lines) for (const mark of line.marks ?? []) dot(mark, ink(line.ink), ink("--surface"));
    if (marker) dot(marker, ink(marker.ink), ink("--surface"));
    canvas.dataset.view = [view.scale, view.x, view.y].map((number) => number.toFixed(4)).join(" ");
  }

  function dot(mark, fill, rim) {
    context.beginPath();
    context.arc(mark.x, mark.y, (mark.size ?? 5) / view.scale, 0, 2 * Math.PI);
    context.fillStyle = mark.hollow ? rim : fill;
    context.strokeStyle = mark.hollow ? fill : rim;
    context.lineWidth = 2 / view.scale;
    context.fill();
    context.stroke();
  }

  function pick(x, y) {
    const reach = 10 / view.scale, east = (x - view.x) / view.scale, south = (y - view.y) / view.scale;
    let best = null, least = reach;
    for (const line of lines) {
      const points = line.points;
      for (let k = 0; k + 3 < points.length; k += 2) {
        const away = distance(east, south, points, k);
        // Later lines are drawn above earlier ones: of equally near ones they are meant.
        if (away <= least) [best, least] = [{ line, at: k / 2 }, away];
      }
    }
    return best;
  }

  function distance(x, y, points, k) {
    const dx = points[k + 2] - points[k], dy = points[k + 3] - points[k + 1];
    const squared = dx * dx + dy * dy;
    const along = squared ? Math.min(1, Math.max(0, ((x - points[k]) * dx + (y - points[k + 1]) * dy) / squared)) : 0;
    return Math.hypot(x - points[k] - along * dx, y - points[k + 1] - along * dy);
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = pointers.size > 1 ? Infinity : 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event), other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other) {
      const apart = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
      zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else {
      moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
      pan(now[0] - before[0], now[1] - before[1]);
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (pointers.delete(event.pointerId) && moved < 4) {
      const found = pick(...place(event));
      if (found) onPick(found.line.id, found.at);
    }
  });
  canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 250), ...place(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 60, middle = [size.width / 2, size.height / 2];
    const acts = {
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
      "+": () => zoom(1.4, ...middle), "=": () => zoom(1.4, ...middle), "-": () => zoom(1 / 1.4, ...middle),
      0: () => fit(lines.map((line) => line.points)), Home: () => fit([]),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  new ResizeObserver(() => {
    const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    size = { width: box.width, height: box.height };
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    if (!fitted && box.width) {
      fitted = true;
      fit(lines.map((line) => line.points));
    } else redraw();
  }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  return {
    // Lines as {id, numbers, ink: "--variable", width, dash, alpha, dots: [{at, size, hollow}]}, drawn and picked in this order.
    show(wanted) {
      lines = wanted.map((line) => {
        const points = decode(line.numbers), path = new Path2D();
        trace(path, points);
        const marks = (line.dots ?? []).map((one) => ({ ...one, x: points[2 * one.at], y: points[2 * one.at + 1] }));
        return { ...line, points, path, marks };
      });
      redraw();
    },
    // A point on a line: `at` may lie between two of its points.
    mark(id, at, ink) {
      const points = lines.find((line) => line.id === id)?.points;
      const last = points ? points.length / 2 - 1 : 0, k = Math.min(Math.floor(at), last), rest = k < last ? at - k : 0;
      const between = (axis) => points[2 * k + axis] + (rest ? rest * (points[2 * k + 2 + axis] - points[2 * k + axis]) : 0);
      marker = points ? { x: between(0), y: between(1), size: 8, ink } : null;
      redraw();
    },
    fit(ids) {
      const chosen = lines.filter((line) => !ids || ids.includes(line.id));
      fit(chosen.map((line) => line.points));
    },
    zoom(factor) { zoom(factor, size.width / 2, size.height / 2); },
    // Where a point of a line is on the canvas, in pixels.
    pixel(id, at) {
      const points = lines.find((line) => line.id === id).points;
      return [points[2 * at] * view.scale + view.x, points[2 * at + 1] * view.scale + view.y];
    },
  };
}
