// The number of unread messages on the tab's and the app's icon.

const ICON = document.querySelector('link[rel=icon]');
const PLAIN = ICON?.href;
/**
 * The icon's SVG, fetched once.
 * @type {Promise<string> | null}
 */
let source = null;

/**
 * Shows a number on the icons, or nothing for 0.
 * @param {number} count
 */
export async function show(count) {
  if (count > 0) navigator.setAppBadge?.(count)?.catch(() => {});
  else navigator.clearAppBadge?.()?.catch(() => {});
  if (!ICON) return;
  if (count === 0) {
    ICON.href = PLAIN;
    return;
  }
  try {
    source ??= fetch(PLAIN).then((response) => (response.ok ? response.text() : Promise.reject(response.status)));
    const svg = (await source).replace('</svg>', `${dot(count)}</svg>`);
    ICON.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  } catch {
    source = null; // offline: the title still has the number
  }
}

/** @param {number} count */
const dot = (count) =>
  '<circle cx="23" cy="9" r="9" fill="#c4291f"/>' +
  '<text x="23" y="13.5" fill="#fff" text-anchor="middle" font-family="sans-serif" font-weight="700" ' +
  `font-size="${count > 9 ? 11 : 13}">${count > 9 ? '9+' : count}</text>`;
