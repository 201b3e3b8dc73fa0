// What of the page needs a script: sections that change while a study runs, and the look inside the nets.
// Everything shown is made by the server; this asks for it and puts it in its place.

const body = document.body;

// ---- a study that runs

function watchStudy(address) {
  let source = null;
  let last = "";
  let running = null;
  const open = () => {
    const since = last ? `?since=${last}` : new URL(address, location.href).search;
    source = new EventSource(new URL(address, location.href).pathname + since);
    source.addEventListener("run", (event) => {
      last = event.lastEventId;
      put("news", JSON.parse(event.data).words);
      refreshSoon();
    });
    source.addEventListener("now", (event) => {
      const told = JSON.parse(event.data);
      put("now", told.words);
      if (running !== null && running !== told.running) refreshSoon();
      running = told.running;
    });
  };
  const close = () => {
    source?.close();
    source = null;
  };
  // a browser keeps few connections to a host: a page that nobody sees gives its own back
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!source) open();
  });
  addEventListener("pagehide", close);
  open();
}

let soon = 0;
function refreshSoon() {
  if (!soon) soon = setTimeout(() => { soon = 0; refresh(); }, 300);
}

// The page as it is now, of which the parts that changed are put in place.
const refresh = latest(null, async () => {
  const answer = await ask(location.pathname + location.search);
  if (!answer) return;
  const fresh = parsed(await answer.text());
  document.title = fresh.title;
  for (const part of document.querySelectorAll("main > section[id], header .eyebrow, header .lead")) {
    const other = part.id ? fresh.getElementById(part.id) : fresh.querySelector(selector(part));
    if (other && other.outerHTML !== part.outerHTML) exchange(part, document.adoptNode(other));
  }
});

function selector(part) {
  return `header .${part.classList[0]}`;
}

// Put a part in the place of another, with what was opened, scrolled and focused in it.
function exchange(part, other) {
  const restore = stateOf(part);
  part.replaceWith(other);
  restore(other);
}

// What a reader has opened, scrolled and focused in a part of the page; gives what does it again in another.
function stateOf(part) {
  const opened = [...part.querySelectorAll("details")].map((details) => details.open);
  const scrolled = [...part.querySelectorAll(".scroll")].map((place) => [place.scrollLeft, place.scrollTop]);
  const focusable = "a,button,input,select,summary,[tabindex]";
  const focused = [...part.querySelectorAll(focusable)].indexOf(document.activeElement);
  return (put) => {
    put.querySelectorAll("details").forEach((details, index) => { details.open = opened[index] ?? false; });
    put.querySelectorAll(".scroll").forEach((place, index) => place.scrollTo(...(scrolled[index] ?? [0, 0])));
    if (focused >= 0) put.querySelectorAll(focusable)[focused]?.focus({ preventScroll: true });
  };
}

// ---- a look inside the nets

function lookInside(address) {
  const seed = () => document.getElementById("seed")?.value ?? body.dataset.seed;
  const chosen = (number) => `${number} with the nets of seed ${seed()}`;
  let image = body.dataset.image;
  let wanted = chosen(image);

  const tell = pointing(address, () => ({ image, seed: seed() }));
  const show = latest(document.getElementById("shown"), async (request) => {
    const answer = await request();
    if (!answer) {
      wanted = "";
      return;
    }
    const fresh = parsed(await answer.text());
    image = fresh.body.firstElementChild.dataset.image;
    for (const id of ["seen", "saving", "shown", "pixel"]) fill(id, fresh.getElementById(id));
    if (!picked()) pointed = null;
    mark();
    // somebody may have pointed elsewhere in the meantime
    if (pointed && !same(pointed, shownPlace())) tell(pointed, false);
  });
  const choose = (number) => {
    if (wanted === chosen(number)) return;
    wanted = chosen(number);
    show(() => ask(`${address}/shown?${new URLSearchParams({ ...picked(), image: number, seed: seed() })}`));
  };
  const send = (content, name) => {
    wanted = "";
    show(async () => ask(
      `${address}/image?${new URLSearchParams({ ...picked(), seed: seed(), name })}`,
      { method: "POST", body: await content(), headers: { "content-type": "application/octet-stream" } },
    ));
  };

  const number = document.getElementById("image");
  document.getElementById("pick").addEventListener("submit", (event) => {
    event.preventDefault();
    choose(number.value);
  });
  number.addEventListener("input", () => number.validity.valid && choose(number.value));
  document.getElementById("seed")?.addEventListener("change", () => choose(image));
  document.getElementById("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) send(() => small(file), file.name);
  });
  // the same file can be chosen again after it was changed
  document.getElementById("file").addEventListener("click", (event) => { event.target.value = ""; });
  paper((content) => send(content, "Your drawing"));
  mark();
}

// ---- pointing at feature maps

let pointed = null;

// The value that somebody has pointed at, or nothing: it stays when the image changes.
function picked() {
  return "picked" in document.getElementById("apart").dataset ? pointed : null;
}

function pointing(address, what) {
  const shown = document.getElementById("shown");
  const tell = latest(document.getElementById("pixel"), async (place, aloud) => {
    const asked = what();
    const answer = await ask(`${address}/pixel?${new URLSearchParams({ ...asked, ...place })}`);
    if (!answer) return;
    const fresh = parsed(await answer.text());
    if (asked.image !== what().image || asked.seed !== what().seed) return;
    fill("pixel", fresh.body);
    if (aloud) put("heard", document.querySelector("#pixel .pixel")?.dataset.words ?? "");
    mark();
  });
  const apart = document.getElementById("apart");
  const go = (place, aloud) => {
    pointed = place;
    apart.dataset.picked = "";
    mark();
    tell(place, aloud);
  };
  for (const kind of ["pointermove", "pointerdown"]) {
    shown.addEventListener(kind, (event) => {
      const maps = event.target.closest(".pickable");
      const place = maps && under(maps, event);
      if (place && !same(place, pointed)) go(place, false);
    });
  }
  shown.addEventListener("keydown", (event) => {
    const maps = event.target.closest(".pickable");
    const step = maps && STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    go(moved(maps, step), true);
  });
  shown.addEventListener("focusin", (event) => {
    const maps = event.target.closest(".pickable");
    if (maps && event.target.matches(":focus-visible") && !here(maps)) go(moved(maps, [0, 0, 0]), true);
  });
  document.getElementById("put-away").addEventListener("click", () => delete apart.dataset.picked);
  document.getElementById("pixel").addEventListener("click", (event) => {
    const chosen = event.target.closest("a[data-choice]");
    if (!chosen) return;
    event.preventDefault();
    go({ ...pointed, ...JSON.parse(chosen.dataset.choice) }, true);
  });
  return tell;
}

const STEPS = {
  ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
  PageUp: [-1, 0, 0], PageDown: [1, 0, 0],
};

function layout(maps) {
  return Object.fromEntries(["channels", "rows", "columns", "across", "pixel", "pitchX", "pitchY"]
    .map((name) => [name, Number(maps.dataset[name])]));
}

function here(maps) {
  return pointed && pointed.variant === maps.dataset.variant && pointed.block === maps.dataset.block;
}

// The value under the pointer, or null between maps.
function under(maps, event) {
  const { channels, rows, columns, across, pixel, pitchX, pitchY } = layout(maps);
  const drawing = maps.querySelector("svg");
  const box = drawing.getBoundingClientRect();
  const unit = drawing.viewBox.baseVal.width / box.width;
  const x = (event.clientX - box.left) * unit;
  const y = (event.clientY - box.top) * unit;
  const channel = Math.floor(y / pitchY) * across + Math.floor(x / pitchX);
  const column = Math.floor((x % pitchX) / pixel);
  const row = Math.floor((y % pitchY) / pixel);
  if (x < 0 || y < 0 || x >= across * pitchX || channel >= channels || row >= rows || column >= columns) return null;
  return { variant: maps.dataset.variant, block: maps.dataset.block, channel, row, column };
}

function moved(maps, [channel, row, column]) {
  const { channels, rows, columns } = layout(maps);
  const from = here(maps) ? pointed : { channel: 0, row: Math.floor(rows / 2), column: Math.floor(columns / 2) };
  const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
  return {
    variant: maps.dataset.variant,
    block: maps.dataset.block,
    channel: within(from.channel + channel, channels),
    row: within(from.row + row, rows),
    column: within(from.column + column, columns),
  };
}

function same(one, other) {
  return other && ["variant", "block", "channel", "row", "column"].every((name) => one[name] === other[name]);
}

// Where the value is that stands on the page taken apart, or nothing.
function shownPlace() {
  const pixel = document.querySelector("#pixel .pixel");
  if (!pixel) return null;
  const { variant, block, channel, row, column } = pixel.dataset;
  return { variant, block, channel: Number(channel), row: Number(row), column: Number(column) };
}

// Frame the value that is shown, and the same place in the maps of the other variants.
function mark() {
  pointed ??= shownPlace();
  for (const maps of document.querySelectorAll(".pickable")) {
    const drawing = maps.querySelector("svg");
    drawing.querySelector(".picked")?.remove();
    const { channels, rows, columns, across, pixel: side, pitchX, pitchY } = layout(maps);
    if (!pointed || pointed.block !== maps.dataset.block) continue;
    if (pointed.channel >= channels || pointed.row >= rows || pointed.column >= columns) continue;
    const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const values = {
      x: (pointed.channel % across) * pitchX + pointed.column * side,
      y: Math.floor(pointed.channel / across) * pitchY + pointed.row * side,
      width: side,
      height: side,
      class: here(maps) ? "picked" : "picked elsewhere",
    };
    for (const [name, value] of Object.entries(values)) frame.setAttribute(name, value);
    drawing.append(frame);
  }
}

// ---- drawing

function paper(send) {
  const canvas = document.getElementById("paper");
  const place = document.getElementById("draw");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const cursor = { x: 140, y: 140, down: false };
  let strokes = [];
  let stroke = null;
  place.hidden = false;

  const draw = (context, ink) => {
    context.lineWidth = 20;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = ink;
    for (const points of strokes) {
      context.beginPath();
      context.moveTo(...points[0]);
      for (const point of points.length > 1 ? points : [points[0], points[0]]) context.lineTo(...point);
      context.stroke();
    }
  };
  const redraw = () => {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    const ink = getComputedStyle(canvas).color;
    draw(context, ink);
    if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
      context.lineWidth = 2;
      context.strokeStyle = getComputedStyle(canvas).outlineColor;
      context.strokeRect(cursor.x - 10, cursor.y - 10, 20, 20);
      if (cursor.down) context.strokeRect(cursor.x - 4, cursor.y - 4, 8, 8);
    }
  };
  const picture = () => {
    const copy = document.createElement("canvas");
    copy.width = copy.height = 280;
    const context = copy.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, 280, 280);
    draw(context, "black");
    return new Promise((done) => copy.toBlob(done, "image/png"));
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * 280 / box.width, (event.clientY - box.top) * 280 / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    strokes.push(stroke = [at(event)]);
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) stroke.push(at(one));
    stroke.push(at(event));
    redraw();
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, () => {
      if (stroke) send(picture);
      stroke = null;
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (event.key === " ") {
      cursor.down = !cursor.down;
      if (cursor.down) strokes.push([[cursor.x, cursor.y]]);
      else send(picture);
    } else if (step && !event.key.startsWith("Page")) {
      cursor.x = Math.min(Math.max(cursor.x + 10 * step[2], 10), 270);
      cursor.y = Math.min(Math.max(cursor.y + 10 * step[1], 10), 270);
      if (cursor.down) strokes.at(-1).push([cursor.x, cursor.y]);
    } else {
      return;
    }
    event.preventDefault();
    redraw();
  });
  for (const kind of ["focus", "blur"]) canvas.addEventListener(kind, redraw);
  dark.addEventListener("change", redraw);
  document.getElementById("clear").addEventListener("click", () => {
    strokes = [];
    cursor.down = false;
    redraw();
  });
}

// A picture file as it is, or, if it is large, its pixels in a size that the nets have more than enough of.
async function small(file) {
  if (file.size < 1_500_000) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 1000 / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/png" });
  } catch {
    return file;
  }
}

// ---- asking the server

// Of calls that come while one is under way, only the last is made. The part of the page that they are going
// to change counts as busy from the first of them to the end of the last.
function latest(part, call) {
  let busy = false;
  let next = null;
  return async function run(...given) {
    if (busy) {
      next = given;
      return;
    }
    busy = true;
    part?.setAttribute("aria-busy", "true");
    try {
      await call(...given);
    } finally {
      busy = false;
      if (next) {
        const again = next;
        next = null;
        run(...again);
      } else {
        part?.removeAttribute("aria-busy");
      }
    }
  };
}

// An answer, or null with the reason shown.
async function ask(address, options = {}) {
  try {
    const answer = await fetch(address, { ...options, headers: { accept: "text/html, application/json", ...options.headers } });
    if (answer.ok) {
      put("trouble", "");
      return answer;
    }
    const { what, mend } = await answer.json();
    put("trouble", `${what} ${mend}`);
  } catch {
    put("trouble", "The server does not answer. Is `paribus serve` still running?");
  }
  return null;
}

function parsed(text) {
  return new DOMParser().parseFromString(text, "text/html");
}

function put(id, text) {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
}

function fill(id, from) {
  const place = document.getElementById(id);
  if (!place || !from) return;
  const restore = stateOf(place);
  place.replaceChildren(...[...from.childNodes].map((node) => document.adoptNode(node)));
  restore(place);
}

// ---- which page this is

if (body.dataset.events) watchStudy(body.dataset.events);
if (body.dataset.every) setInterval(() => document.hidden || refresh(), 1000 * Number(body.dataset.every));
if (body.dataset.look) lookInside(body.dataset.look);
