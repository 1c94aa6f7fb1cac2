// The board asks every few seconds what is called; an unchanged answer is a 304 of a few bytes. It never reloads the
// page: a server that restarts, or a line that breaks, is waited for, and the board says so.
(() => {
  "use strict";
  const board = document.querySelector("[data-board]");
  const lost = document.querySelector("[data-lost]");
  const clock = document.querySelector("[data-clock]");
  const unmute = document.querySelector("[data-unmute]");
  const PERIOD = 3000;
  const LONGEST = 15000;
  const PATIENCE = 6000;
  let tag = "";
  let failures = 0;
  let spoken = heard();
  const queue = [];
  let speaking = false;

  function heard() {
    return new Map([...board.querySelectorAll("[data-ticket]")].map((one) => [one.dataset.ticket, one.dataset.calls]));
  }

  async function ask() {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(board.dataset.board, { headers, cache: "no-store", signal: stop.signal });
      if (answer.status !== 200 && answer.status !== 304) throw new Error(String(answer.status));
      if (answer.status === 200) {
        show(await answer.text());
        tag = answer.headers.get("ETag") || "";
      }
      clock.textContent = answer.headers.get("X-Haicap-Now") || clock.textContent;
      failures = 0;
      lost.hidden = true;
    } catch {
      failures += 1;
      if (failures > 1) {
        if (lost.hidden) lost.querySelector("[data-since]").textContent = clock.textContent;
        lost.hidden = false;
      }
    } finally {
      clearTimeout(timer);
    }
    // a little of chance, so that many boards do not come back all at once
    const wait = Math.min(LONGEST, PERIOD * Math.max(1, failures));
    setTimeout(ask, wait * (0.9 + Math.random() * 0.2));
  }

  function show(text) {
    board.innerHTML = text;
    const calls = [...board.querySelectorAll("[data-ticket]")].reverse();
    for (const one of calls) {
      if (spoken.get(one.dataset.ticket) !== one.dataset.calls) {
        one.classList.add("hc-hall__new");
        queue.push({ id: one.dataset.ticket, text: one.dataset.call });
      }
    }
    spoken = heard();
    speak();
  }

  async function speak() {
    if (speaking) return;
    speaking = true;
    while (queue.length) {
      const next = queue.shift();
      if (board.dataset.voice === "trinh-duyet") await byBrowser(next.text);
      else if (board.dataset.voice === "may-chu") await byServer(next.id);
    }
    speaking = false;
  }

  function byBrowser(text) {
    const voice = speechSynthesis.getVoices().find((one) => one.lang.toLowerCase().startsWith("vi"));
    if (!voice) return Promise.resolve();
    return new Promise((done) => {
      const said = new SpeechSynthesisUtterance(text);
      said.voice = voice;
      said.lang = voice.lang;
      said.rate = 0.9;
      said.onend = said.onerror = done;
      setTimeout(done, 12000);
      speechSynthesis.speak(said);
    });
  }

  function byServer(id) {
    return new Promise((done) => {
      const sound = new Audio(`${board.dataset.sound}${id}.wav`);
      sound.onended = sound.onerror = done;
      setTimeout(done, 12000);
      sound.play().catch(done);
    });
  }

  // browsers let a page make a sound only after somebody touched it
  if (unmute) unmute.addEventListener("click", () => unmute.remove());
  setTimeout(ask, PERIOD);
})();
