// The address: what a link to this page brings back.

let query = location.search; // as it was when the page came, or when its visitor went back
let asked = new URLSearchParams(query);
let shown; // the sample on the stage
let arriving = isLink(); // another is asked for, and to come

/** The query of the address that is to be shown. */
export const readQuery = () => query;

/** Say in the address bar where the visitor is, so that it can be shared; null leaves out. */
export function setAddress(changes, moved = false) {
  const address = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) address.delete(name);
    else address.set(name, value);
  }
  const place = `${location.pathname}?${address}`;
  if (moved) history.pushState(history.state, "", place);
  else history.replaceState(history.state, "", place);
}

/** The same of what is on the stage; to another sample than before the browser's Back returns. */
export function setScene(address) {
  const moved = shown !== undefined && !arriving && shown !== address.sample;
  if (shown !== undefined) arriving = false;
  shown = address.sample;
  setAddress(address, moved);
}

/** Call `show` whenever the visitor goes back, or forward again. */
export function followHistory(show) {
  addEventListener("popstate", () => {
    query = location.search;
    asked = new URLSearchParams(query);
    arriving = true;
    show();
  });
}

/** Whether the page was opened with a link of ours; an address of nobody's making asks nothing. */
export function isLink() {
  return ["tab", "sample", "model", "with"].some((name) => asked.has(name));
}

/** The cycle that the link asks for, once, where what is drawn is what it asks for; else 0. */
export function takeCycle(address) {
  const isIt = ["sample", "model", "with"].every(
    (name) => !asked.has(name) || asked.get(name) === address[name],
  );
  const cycle = isIt ? Number(asked.get("cycle")) : 0;
  if (cycle) asked.delete("cycle");
  return Math.max(0, cycle);
}

/** Copy the address; the button says so. What visitors brought is not in it, and it says that. */
export async function copyLink() {
  const button = document.querySelector("#copy-link");
  const words = button.textContent;
  const whole = new URLSearchParams(location.search).has("sample");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = whole ? "Copied" : "Copied, without your own files";
  } catch {
    window.prompt("Copy this link", location.href); // where a page may not use the clipboard
  }
  setTimeout(() => (button.textContent = words), 2500);
}
