"use strict";
// Shows and hides what is in the page already; it makes nothing of any text. Without it everything is shown.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const shown = document.getElementById("shown");
  const sections = [...document.querySelectorAll("section.kind")];
  const low = (text) => text.normalize("NFC").toLowerCase();
  const all = (node, query) => [...node.querySelectorAll(query)];
  const texts = (node) => low(all(node, "p[dir], code, .text").map((each) => each.textContent).join("\n"));

  // What is sought in is read when it is first needed: opening a large page must not wait for it.
  const once = (make) => {
    let made;
    return () => (made ??= make());
  };
  const entries = all(document, "article").map((node) => ({
    node,
    kind: node.dataset.kind,
    name: once(() => low(all(node, ".account, .id").map((each) => each.textContent).join("\n"))),
    labels: once(() => new Set(all(node, ".label").map((each) => each.textContent))),
    text: once(() => texts(node)),
    sights: once(() =>
      all(node, ".sight").map((sight) => ({
        node: sight,
        locale: sight.dataset.locale,
        text: once(() => texts(sight)),
      })),
    ),
  }));

  const wanted = () => {
    const given = (name) => form.elements[name]?.value ?? "";
    const sought = (name) => low(given(name).trim());
    return {
      kind: given("kind"), label: given("label"), locale: given("locale"),
      account: sought("account"), text: sought("text"),
    };
  };
  const contains = (entry, want) => {
    if (!want.text && !want.locale) return true;
    if (!want.locale) return entry.text().includes(want.text) || entry.name().includes(want.text);
    const sights = entry.sights().filter((sight) => sight.locale === want.locale);
    return sights.some((sight) => !want.text || sight.text().includes(want.text));
  };
  const fits = (entry, want) =>
    (!want.kind || entry.kind === want.kind) &&
    (!want.account || entry.name().includes(want.account)) &&
    (!want.label || entry.labels().has(want.label)) &&
    contains(entry, want);

  let locale = "";
  const filter = () => {
    const want = wanted();
    let count = 0;
    for (const entry of entries) {
      const fit = fits(entry, want);
      count += fit;
      if (entry.node.hidden === fit) entry.node.hidden = !fit;
      if (want.locale === locale) continue;
      for (const sight of entry.sights()) sight.node.hidden = Boolean(want.locale) && sight.locale !== want.locale;
    }
    locale = want.locale;
    for (const section of sections) {
      section.hidden = !section.querySelector("article:not([hidden]), .left-out");
    }
    tell(count, Object.values(want).some(Boolean));
  };
  const tell = (count, filtered) => {
    const number = (value) => value.toLocaleString("en");
    const all = entries.length === 1 ? "1 account" : `${number(entries.length)} accounts`;
    const are = (value) => (value === 1 ? "is" : "are");
    shown.textContent = !filtered
      ? `${entries.length === 1 ? "The" : "All"} ${all} on this page ${are(entries.length)} shown.`
      : count
        ? `${number(count)} of ${all} on this page ${are(count)} shown.`
        : "No account fits these filters.";
  };

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  };
  form.addEventListener("input", soon);
  form.addEventListener("reset", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  // A link of the summary leads to what a filter may have hidden.
  for (const link of all(document, "header.page a")) {
    link.addEventListener("click", () => {
      form.reset();
      filter();
    });
  }
  // Back in the history a browser fills the form in again: then the page shall show what it says.
  addEventListener("pageshow", filter);
  form.hidden = false;
})();
