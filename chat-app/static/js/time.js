// Times in the reader's time zone. The server renders UTC; every <time> has the exact time in `datetime`.

const language = document.documentElement.lang;
// The reader's variant of the page's language (en-GB or en-US).
const locale = navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
/** @param {Intl.DateTimeFormatOptions} options */
const format = (options) => new Intl.DateTimeFormat(locale, options);

const clock = format({ hour: 'numeric', minute: '2-digit' });
const full = format({ dateStyle: 'full', timeStyle: 'short' });
const stamp = format({ dateStyle: 'medium', timeStyle: 'short' });
const weekday = format({ weekday: 'short' });
const shortDate = format({ day: 'numeric', month: 'short' });
const oldDate = format({ day: 'numeric', month: 'short', year: 'numeric' });
const longDay = format({ weekday: 'long', day: 'numeric', month: 'long' });
const oldDay = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

/** @param {Date} date */
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
/** @param {Date} date */
const daysAgo = (date) => Math.round((midnight(new Date()).getTime() - midnight(date).getTime()) / 86_400_000);
/** @param {Date} date */
const thisYear = (date) => date.getFullYear() === new Date().getFullYear();

/**
 * @param {Part} time
 * @param {string} text
 * @param {string} title
 */
function write(time, text, title = '') {
  if (time.textContent !== text) time.textContent = text;
  if (title) time.title = title;
}

/**
 * Hours and minutes, for messages.
 * @param {Part} time
 */
export function showClock(time) {
  const date = new Date(time.dateTime);
  write(time, clock.format(date), full.format(date));
}

/**
 * Calls `onDay` whenever a new day starts, also after the device has slept.
 * @param {() => void} onDay
 */
export function eachDay(onDay) {
  let today = midnight(new Date()).getTime();
  const check = () => {
    const now = new Date();
    if (midnight(now).getTime() !== today) onDay();
    today = midnight(now).getTime();
    clearTimeout(timer);
    timer = setTimeout(check, new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime() + 500);
  };
  let timer = 0;
  document.addEventListener('visibilitychange', check);
  check();
}

/**
 * The day, for the line between two days.
 * @param {Part} time
 */
export function showDay(time) {
  const date = new Date(time.dateTime);
  const ago = daysAgo(date);
  const near = ago === 0 || ago === 1;
  const text = near ? relative.format(-ago, 'day') : (thisYear(date) ? longDay : oldDay).format(date);
  write(time, text.charAt(0).toLocaleUpperCase(locale) + text.slice(1));
}

/**
 * The last activity, for lists: the more recent, the more precise.
 * @param {Part} time
 */
export function showRecent(time) {
  const date = new Date(time.dateTime);
  const ago = daysAgo(date);
  const scale = ago <= 0 ? clock : ago < 7 ? weekday : thisYear(date) ? shortDate : oldDate;
  write(time, scale.format(date), full.format(date));
}

/**
 * Day and time, for pages other than conversations.
 * @param {Part} time
 */
export const showStamp = (time) => write(time, stamp.format(new Date(time.dateTime)));

/**
 * Whether two times are on the same day in the reader's time zone.
 * @param {Date} a
 * @param {Date} b
 */
export const sameDay = (a, b) => midnight(a).getTime() === midnight(b).getTime();
