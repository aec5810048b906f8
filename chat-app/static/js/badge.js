// How much is unread, where the tab and the app's icon are seen.

const ICON = document.querySelector('link[rel=icon]');
const PLAIN = ICON?.href;
let drawn = null; // the icon's source, fetched once

/** Shows a number over the icons; nothing at 0. */
export async function show(count) {
  if (count > 0) navigator.setAppBadge?.(count)?.catch(() => {});
  else navigator.clearAppBadge?.()?.catch(() => {});
  if (!ICON) return;
  if (count === 0) return void (ICON.href = PLAIN);
  try {
    drawn ??= fetch(PLAIN).then((response) => (response.ok ? response.text() : Promise.reject(response.status)));
    const svg = (await drawn).replace('</svg>', `${dot(count)}</svg>`);
    ICON.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  } catch {
    drawn = null; // offline: the number in the title says it
  }
}

const dot = (count) =>
  '<circle cx="23" cy="9" r="9" fill="#c4291f"/>' +
  '<text x="23" y="13.5" fill="#fff" text-anchor="middle" font-family="sans-serif" font-weight="700" ' +
  `font-size="${count > 9 ? 11 : 13}">${count > 9 ? '9+' : count}</text>`;
