// The emoji picker, loaded when it is opened first.

/** @param {string} name */
const assetUrl = (name) => new URL(name, import.meta.url).href;
/** @type {Promise<[string, string[]][]> | null} */
let cache = null;

/** All emoji as [emoji, names], in Unicode's order. */
export function emojiList() {
  cache ??= fetch(assetUrl('emoji.json')).then((response) => response.json());
  return cache;
}

/**
 * Emoji with a name that contains `word`: names that start with it first.
 * @param {string} word
 * @param {number} limit
 */
export async function findEmoji(word, limit) {
  const all = await emojiList();
  const starts = all.filter(([, names]) => names.some((name) => name.startsWith(word)));
  const holds = all.filter(([, names]) => !names.some((name) => name.startsWith(word)) && names.some((name) => name.includes(word)));
  return [...starts, ...holds].slice(0, limit);
}

/** Opens the picker. Resolves to the chosen emoji, or to an empty string. */
export async function pickEmoji() {
  const dialog = document.querySelector('#emoji');
  const [search, grid] = [dialog.querySelector('input'), dialog.querySelector('.grid')];
  const show = async () => {
    const word = search.value.trim().toLowerCase().replace(/\s+/g, '_');
    const found = await findEmoji(word, 400);
    grid.replaceChildren(...found.map(button));
    dialog.querySelector('.none').hidden = found.length > 0;
  };
  search.value = '';
  search.oninput = show;
  grid.onclick = ({ target }) => {
    const chosen = target instanceof Element && target.closest('button');
    if (chosen) dialog.close(chosen.value);
  };
  dialog.returnValue = '';
  const closed = new Promise((done) => dialog.addEventListener('close', () => done(dialog.returnValue), { once: true }));
  dialog.showModal();
  await show();
  return closed;
}

/** @param {[string, string[]]} emoji */
function button([emoji, names]) {
  const choice = document.createElement('button');
  choice.type = 'button';
  choice.value = choice.textContent = emoji;
  choice.title = choice.ariaLabel = names[0].replaceAll('_', ' ');
  return choice;
}
