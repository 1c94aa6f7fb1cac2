/* Passkeys and printing: what pages of the door do beside plain forms. Says what failed in the page's own words. */
(function () {
  "use strict";
  const say = (text) => {
    const place = document.getElementById("hc-door-trouble");
    if (place) {
      place.textContent = text;
      place.hidden = false;
    }
  };
  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
  const form = document.querySelector("[data-passkey]");
  if (!form || !window.allauth || !window.allauth.webauthn) return;
  const button = document.getElementById(form.dataset.button);
  if (!window.PublicKeyCredential || !window.isSecureContext) {
    if (form.dataset.unable) say(form.dataset.unable);
    return;
  }
  button.hidden = false;
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    say(form.dataset.trouble);
  });
  const ids = { credential: form.dataset.credential, data: "js_data" };
  if (form.dataset.passkey === "login") {
    window.allauth.webauthn.forms.loginForm({ ids: { credential: ids.credential, login: button.id } });
  } else if (form.dataset.passkey === "add") {
    window.allauth.webauthn.forms.addForm({ ids: { ...ids, add: button.id, passwordless: form.dataset.passwordless } });
  } else {
    window.allauth.webauthn.forms.authenticateForm({ ids: { ...ids, authenticate: button.id } });
  }
})();
