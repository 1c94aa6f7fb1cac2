// The counter: Enter goes on, Ctrl+Enter sends, arrows choose a procedure, files are dropped, sums are counted.
// The pages work without it.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const number = (text) => Number(String(text).replace(/[.\s]/g, "")) || 0;
  const shown = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ".");
  const FIELDS = "input:not([type=hidden]):not([type=file]):not([disabled]), select, textarea";

  function goTo(element) {
    if (!element) return;
    element.focus();
    if (element.select) element.select();
    element.scrollIntoView({ block: "nearest" });
  }

  function next(field) {
    const list = all(FIELDS, field.form).filter((each) => each.offsetParent !== null);
    const after = list[list.indexOf(field) + 1];
    goTo(after || $("button[value=tiep-nhan]", field.form));
  }

  // --- the counter: what the answer says comes next
  function arrive() {
    const page = $("#quay");
    if (!page || page.dataset.arrived) return;
    page.dataset.arrived = "1";
    goTo(document.getElementById(page.dataset.focus) || $("#quet"));
    const letter = $("[data-print-now]", page);
    const key = letter && `haicap-printed-${letter.dataset.printNow}`;
    if (letter && !sessionStorage.getItem(key)) {
      sessionStorage.setItem(key, "1");
      window.open(letter.href, letter.target);
    }
  }

  function chooseFrom(field, event) {
    const choices = all("[data-choice]");
    const at = choices.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && choices.length) goTo(choices[Math.min(choices.length - 1, at + 1)]);
    else if (event.key === "ArrowUp" && at > 0) goTo(choices[at - 1]);
    else if (event.key === "ArrowUp" || event.key === "Escape") goTo($("#thu-tuc"));
    else return false;
    return true;
  }

  function atCounter(event, form) {
    const field = event.target;
    if ((field.id === "thu-tuc" || field.matches("[data-choice]")) && chooseFrom(field, event)) return true;
    if (event.key !== "Enter" || field.matches("button, a, summary")) return false;
    if (field.matches("textarea") && event.shiftKey) return false;
    if (field.dataset.enter === "doc" && field.value.trim()) $("#doc").click();
    else if (field.dataset.enter === "first" && !wait(field)) next(field);
    else if (field.dataset.enter !== "first") next(field);
    return true;
  }

  // Enter in the procedure's field takes the first that is found, also while the answer is on its way
  function wait(field) {
    if (!field.value.trim() || field.value === field.defaultValue) return false;
    const choice = $("[data-choice]");
    if (choice && $("#tim-thay").dataset.text === field.value) choice.click();
    else field.dataset.take = "1";
    return true;
  }

  document.addEventListener("htmx:afterSettle", () => {
    const field = $("#thu-tuc");
    arrive();
    if (field && field.dataset.take && $("[data-choice]") && $("#tim-thay").dataset.text === field.value) {
      delete field.dataset.take;
      $("[data-choice]").click();
    }
    sum();
  });

  // --- certified copies
  function addRow(form) {
    const rows = all("[data-row]", form);
    const copy = rows[rows.length - 1].cloneNode(true);
    for (const field of all("input", copy)) {
      const name = field.name.replace(/\d+$/, String(rows.length));
      if (field.getAttribute("aria-label")) {
        field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+/, String(rows.length + 1)));
      }
      if (field.id) field.id = name;
      field.name = name;
      field.value = name.startsWith("khoa-") ? crypto.randomUUID() : /^(trang|ban)-/.test(name) ? "1" : "";
      field.removeAttribute("aria-invalid");
    }
    all(".govuk-error-message", copy).forEach((each) => each.remove());
    copy.className = "";
    rows[rows.length - 1].after(copy);
    return copy;
  }

  function atCopies(event, form) {
    if (event.key !== "Enter" || !event.target.matches("[data-row] input")) return false;
    const row = event.target.closest("[data-row]");
    const fields = all("input:not([type=hidden])", row);
    const after = fields[fields.indexOf(event.target) + 1];
    if (event.target.value.includes("|")) readCard(row, event.target.value);
    if (after) goTo(after);
    else {
      const rows = all("[data-row]", form);
      const below = rows[rows.indexOf(row) + 1] || (rows.length < 60 ? addRow(form) : null);
      goTo(below ? $("input:not([type=hidden])", below) : $("#ghi"));
    }
    return true;
  }

  function readCard(row, text) {
    const parts = text.split("|");
    if (parts.length < 3) return;
    $("[name^=ten-]", row).value = parts[2];
    $("[name^=so-]", row).value = parts[0];
  }

  function lineFee(form, row) {
    const rule = form.dataset;
    const pages = number($("[name^=trang-]", row).value);
    const first = Math.min(pages, Number(rule.firstPages));
    const one = first * Number(rule.firstPrice) + (pages - first) * Number(rule.furtherPrice);
    return $("[name^=giay-]", row).value.trim()
      ? number($("[name^=ban-]", row).value) * Math.min(one, Number(rule.most))
      : 0;
  }

  // --- sums, as the server will count them
  function sum() {
    for (const form of all("[data-copies]")) {
      let together = 0;
      for (const row of all("[data-row]", form)) {
        const fee = lineFee(form, row);
        together += fee;
        $("[data-line-fee]", row).textContent = fee ? shown(fee) : "";
      }
      $("[data-all-fees]", form).textContent = shown(together);
    }
    let total = 0;
    for (const output of all("[data-sum]")) {
      const id = output.dataset.sum;
      const price = $(`[data-price="${id}"]`);
      const fee = number(price.value) * number($(`[data-times="${id}"]`).value);
      output.textContent = price.value.trim() ? shown(fee) : "";
      total += fee;
    }
    const output = $("[data-total]");
    if (output) output.textContent = shown(total);
  }

  // papers that are still missing, as boxes are ticked
  function missing() {
    const line = $("[data-missing]");
    if (!line) return;
    const left = all("[data-paper]").filter((box) => !box.checked).length;
    line.hidden = left === 0;
    const words = $("span", line);
    words.textContent = words.textContent.replace(/\d+/, String(left));
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-copies], [data-counter]")) sum();
    if (event.target.matches("[data-paper]")) missing();
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest && event.target.closest("[data-copies], [data-counter]");
    if (!form) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      $("#tiep-nhan, #ghi", form).click();
      return;
    }
    const taken = form.matches("[data-copies]") ? atCopies(event, form) : atCounter(event, form);
    if (taken) event.preventDefault();
  });

  // --- files: dropped anywhere on their part of the page
  document.addEventListener("dragover", (event) => {
    if (event.target.closest && event.target.closest("[data-drop]")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const place = event.target.closest && event.target.closest("[data-drop]");
    if (!place || !event.dataTransfer.files.length) return;
    event.preventDefault();
    const field = document.getElementById(place.dataset.drop);
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.body.classList.add("hc-scripted");
  arrive();
  sum();
  const wrong = $("[aria-invalid=true]");
  if (wrong) goTo(wrong);
  else if ($("[data-copies]")) goTo($("[name=ten-0]"));
})();
