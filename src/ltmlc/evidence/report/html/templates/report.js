"use strict";
// Sorting, pop-ups and arrow keys. Without this script the page is complete, and a number links to its run.
(() => {
  document.documentElement.classList.add("js");
  const data = JSON.parse(document.getElementById("data").textContent);
  const box = document.getElementById("details");
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  // ---- sorting: descending, ascending, as printed ----
  const quantity = () => document.querySelector('input[name="quantity"]:checked')?.value ?? "ours";
  const valueOf = (cell, what) => {
    const number = cell.dataset[what] ?? cell.dataset.value;
    if (number !== undefined) return Number(number);
    if (cell.classList.contains("number")) return null; // not there yet
    const text = cell.textContent.trim();
    return text === "" ? null : Number.isNaN(Number.parseFloat(text)) ? text : Number.parseFloat(text);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  const order = (table) => {
    const header = [...table.tHead.rows[0].cells];
    const column = header.findIndex((cell) => (cell.getAttribute("aria-sort") ?? "none") !== "none");
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row, index) => (row.dataset.place ??= index));
    const place = (row) => Number(row.dataset.place);
    if (column < 0) rows.sort((a, b) => place(a) - place(b));
    else {
      const sign = header[column].getAttribute("aria-sort") === "descending" ? -1 : 1;
      const what = quantity();
      const keys = new Map(rows.map((row) => [row, valueOf(row.cells[column], what)]));
      rows.sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        if (x === null || y === null) return (x === null) - (y === null) || place(a) - place(b);
        return sign * compare(x, y) || place(a) - place(b);
      });
    }
    table.tBodies[0].append(...rows);
  };
  document.addEventListener("click", (event) => {
    const header = event.target.closest("button.sort")?.closest("th");
    if (!header) return;
    const text = header.cellIndex === 0 || header.closest("table").classList.contains("claims");
    const steps = text ? ["none", "ascending", "descending"] : ["none", "descending", "ascending"];
    const next = steps[(steps.indexOf(header.getAttribute("aria-sort")) + 1) % 3];
    for (const cell of header.parentElement.cells) if (cell.hasAttribute("aria-sort")) cell.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", next);
    order(header.closest("table"));
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "quantity") document.querySelectorAll("table.results").forEach(order);
  });

  // ---- pop-ups ----
  let shown = null, pinned = false, timer = 0;
  const fill = (cell) => {
    const run = data.runs[cell.run];
    const list = make("dl");
    const add = (term, content) => {
      const line = make("div"), value = make("dd");
      value.append(...[].concat(content));
      line.append(make("dt", term), value);
      list.append(line);
    };
    cell.lines.forEach(([term, text]) => add(term, text));
    add("run", make("code", run.run));
    if (run.logs.length) {
      const failed = run.logs.filter(([, status]) => status === "failed");
      const [first, ...others] = [...failed, ...run.logs.filter((log) => !failed.includes(log))];
      const anchor = (text, link) => Object.assign(make("a", text), { href: link });
      add("log", [anchor(first[2], first[3]), ...others.map(([seed, , , link]) => anchor(`seed ${seed}`, link))]);
    }
    if (run.command) add("command", make("pre", run.command));
    const close = make("button", "×", "close");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => hide(true));
    const all = make("a", "in the list of runs", "all");
    all.href = `#${cell.run}`;
    all.addEventListener("click", () => hide(false));
    box.replaceChildren(close, make("p", cell.title, "title"), make("p", cell.where, "where"), list, all);
  };
  const place = (link) => {
    const around = link.getBoundingClientRect(), width = box.offsetWidth, height = box.offsetHeight;
    const room = document.documentElement.clientWidth;
    if (room < 640) return box.removeAttribute("style"); // a sheet at the foot of the screen
    const within = (value, size, limit) => Math.min(Math.max(8, value), Math.max(8, limit - size - 8));
    const beside = link.closest("table").getBoundingClientRect().right + 12; // covers no number where there is room
    const below = around.bottom + 6, above = around.top - 6 - height;
    const middle = within(around.top + around.height / 2 - height / 2, height, window.innerHeight);
    const next = around.right + 6 + width < room ? around.right + 6 : around.left - 6 - width;
    const centred = within(around.left + around.width / 2 - width / 2, width, room);
    const [left, top] = beside + width < room ? [beside, middle]
      : below + height < window.innerHeight ? [centred, below]
        : above > 0 ? [centred, above] : [within(next, width, room), middle];
    box.style.left = `${left}px`;
    box.style.top = `${top}px`;
  };
  const show = (link) => {
    clearTimeout(timer);
    if (shown === link) return;
    hide(false);
    shown = link;
    fill(data.cells[Number(link.dataset.cell)]);
    box.hidden = false;
    link.setAttribute("aria-describedby", "details");
    place(link);
  };
  const hide = (back) => {
    clearTimeout(timer);
    if (!shown) return;
    const link = shown;
    [shown, pinned] = [null, false];
    link.removeAttribute("aria-describedby");
    box.classList.remove("pinned");
    box.hidden = true;
    if (back) link.focus({ preventScroll: true }), hide(false);
  };
  const later = (action, wait) => { clearTimeout(timer); timer = setTimeout(action, wait); };
  const cellOf = (event) => event.target instanceof Element ? event.target.closest("a.cell") : null;
  const mouse = (event) => event.pointerType === "mouse";
  document.addEventListener("pointerover", (event) => {
    if (!mouse(event) || pinned) return;
    const link = cellOf(event);
    if (link) later(() => show(link), shown ? 60 : 150);
    else if (box.contains(event.target)) clearTimeout(timer);
    else if (shown && shown !== document.activeElement) later(() => hide(false), 200);
  });
  document.addEventListener("focusin", (event) => {
    const link = cellOf(event);
    if (link && !pinned) show(link);
    else if (shown && !link && !box.contains(event.target)) hide(false);
  });
  document.addEventListener("click", (event) => {
    const link = cellOf(event);
    if (link) {
      event.preventDefault();
      show(link);
      pinned = true;
      box.classList.add("pinned");
      if (event.detail === 0) box.focus({ preventScroll: true }); // by the keyboard
    } else if (pinned && !box.contains(event.target)) hide(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) return hide(box.contains(document.activeElement));
    const link = cellOf(event);
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!link || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    const cell = link.closest("td"), row = cell.parentElement;
    const next = row.parentElement.rows[row.sectionRowIndex + step[0]]?.cells[cell.cellIndex + step[1]]?.querySelector("a.cell");
    event.preventDefault();
    if (next) { pinned = false; next.focus(); }
  });
  // A table that is too wide all the same can be scrolled by the keyboard.
  const reach = () => document.querySelectorAll(".sheet").forEach((sheet) => {
    if (sheet.scrollWidth > sheet.clientWidth) sheet.tabIndex = 0;
    else sheet.removeAttribute("tabindex");
  });
  document.addEventListener("toggle", reach, true);
  window.addEventListener("resize", () => { hide(false); reach(); });
  reach();
  document.addEventListener("scroll", () => { if (shown && !pinned) place(shown); }, { passive: true });

  // ---- on a phone all parts but the first begin closed; closed ones open for a link to or into them, and for print ----
  if (matchMedia("(max-width: 40rem)").matches)
    [...document.querySelectorAll("details.fold")].slice(1).forEach((part) => (part.open = false));
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const own = target && target.querySelector(":scope > details.fold");
    if (own) own.open = true;
    for (let part = target && target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    if (target) target.scrollIntoView();
  };
  window.addEventListener("hashchange", open);
  open();
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open], .command, .aside)")];
    closed.forEach((part) => (part.open = true));
  });
  window.addEventListener("afterprint", () => closed.forEach((part) => (part.open = false)));
})();
