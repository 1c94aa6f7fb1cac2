// The shell's own script: keys, the menu on narrow screens, double clicks, GOV.UK modules where a page has one.
// Pages work without it.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- menu on narrow screens
  document.addEventListener("click", (event) => {
    const toggle = event.target.closest(".hc-rail__toggle");
    if (!toggle) return;
    const rail = toggle.closest(".hc-rail");
    const open = rail.toggleAttribute("data-open");
    toggle.setAttribute("aria-expanded", String(open));
  });

  // --- one click, one submission: a second one within a second is swallowed
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const now = event.timeStamp;
    if (form.dataset.sentAt && now - Number(form.dataset.sentAt) < 1000) event.preventDefault();
    else form.dataset.sentAt = String(now);
  });

  // --- keys of worklists: <table data-worklist> with rows that hold one main link (a[data-open] or the first link)
  const typing = (element) =>
    element.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");
  const rows = () => all("[data-worklist] tbody tr, [data-worklist] > li").filter((row) => !row.hidden);

  function move(step) {
    const list = rows();
    if (!list.length) return;
    const at = list.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + step));
    list[next].tabIndex = -1;
    list[next].focus({ preventScroll: true });
    list[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const box = $("#hc-search");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
      return;
    }
    const found = $("#hc-found");
    if (found && found.childElementCount && event.target.closest(".hc-header__search")) {
      const links = all("a", found);
      const at = links.indexOf(document.activeElement);
      if (event.key === "Escape") {
        found.replaceChildren();
        $("#hc-search").focus();
      } else if (event.key === "ArrowDown" && links.length) {
        event.preventDefault();
        links[Math.min(links.length - 1, at + 1)].focus();
      } else if (event.key === "ArrowUp" && links.length) {
        event.preventDefault();
        if (at <= 0) $("#hc-search").focus();
        else links[at - 1].focus();
      }
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const row = document.activeElement.closest("[data-worklist] tbody tr, [data-worklist] > li");
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "/") {
      const box = $("[data-search]") || $("#hc-search");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    } else if (event.key === "x" && row) {
      const box = $("input[type=checkbox]", row);
      if (box) box.click();
    } else if (event.key === "Enter" && row && document.activeElement === row) {
      const link = $("a[data-open]", row) || $("a", row);
      if (link) link.click();
    }
  });

  // --- leaving the search box closes what it found
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest(".hc-header__search");
    if (form && event.relatedTarget && !form.contains(event.relatedTarget)) $("#hc-found").replaceChildren();
  });
  document.addEventListener("click", (event) => {
    const found = $("#hc-found");
    if (found && !event.target.closest(".hc-header__search")) found.replaceChildren();
  });

  // --- select all: <input type="checkbox" data-select-all="name">, and how many are chosen: <span data-chosen="name">
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-select-all]")) {
      for (const each of all(`input[type=checkbox][name="${box.dataset.selectAll}"]`)) each.checked = box.checked;
    }
    for (const count of all("[data-chosen]")) {
      count.textContent = String(all(`input[name="${count.dataset.chosen}"]:checked`).length);
    }
  });

  // --- <select data-go> and <input data-go> send their form at once; folds open on demand
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-go]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fold]");
    if (!button) return;
    const open = button.dataset.fold === "open";
    for (const fold of all("details.hc-fold")) fold.open = open;
  });

  // --- filter what is on the page: <input data-filter="css of the rows">
  document.addEventListener("input", (event) => {
    const css = event.target.dataset.filter;
    if (!css) return;
    const fold = (text) =>
      text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/gi, "d").toLowerCase();
    const wanted = fold(event.target.value.trim());
    let shown = 0;
    for (const row of all(css)) {
      row.hidden = !fold(row.dataset.text || row.textContent).includes(wanted);
      if (!row.hidden) shown += 1;
    }
    for (const count of all("[data-filtered]")) count.textContent = String(shown);
  });

  // --- the address part after # opens the fold it points into
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold) fold.open = true;
  }
  addEventListener("hashchange", reveal);

  // --- GOV.UK modules, fetched only where a page has one
  const NAMES = { "error-summary": "ErrorSummary", radios: "Radios", checkboxes: "Checkboxes" };
  function modules() {
    document.body.classList.add("js-enabled", "govuk-frontend-supported");
    for (const name of Object.keys(NAMES)) {
      const parts = all(`[data-module="govuk-${name}"]:not([data-started])`);
      const address = document.body.getAttribute(`data-module-${name}`);
      if (!parts.length || !address) continue;
      for (const part of parts) part.dataset.started = "";
      import(address).then((module) => parts.forEach((part) => new module[NAMES[name]](part)));
    }
  }
  modules();
  reveal();
  document.addEventListener("htmx:afterSettle", modules);
})();
