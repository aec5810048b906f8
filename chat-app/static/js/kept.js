// Which messages of the conversation are pinned, for everybody, and which of them this person has saved.

export class Kept {
  #link = document.querySelector('.pins');
  #pinned = seqsOf(this.#link?.dataset.pinned);
  #saved = seqsOf(document.querySelector('#menu')?.dataset.saved);

  /**
   * A message as it is now: on screen, or elsewhere in the conversation. The link in the header counts those that are pinned.
   * @param {Part} item
   */
  follow(item) {
    const { seq } = item.dataset;
    if (!seq) return;
    if (item.querySelector('.pinned')) this.#pinned.add(seq);
    else this.#pinned.delete(seq);
    if (item.matches('.deleted')) this.#saved.delete(seq);
    if (!this.#link) return;
    this.#link.querySelector('.count').textContent = String(this.#pinned.size);
    this.#link.hidden = this.#pinned.size === 0;
  }

  /** @param {Part} item */
  isSaved(item) {
    return this.#saved.has(item.dataset.seq);
  }

  /**
   * @param {Part} item
   * @param {boolean} present
   */
  save(item, present) {
    if (present) this.#saved.add(item.dataset.seq);
    else this.#saved.delete(item.dataset.seq);
  }
}

/** @param {string | undefined} spaced */
const seqsOf = (spaced) => new Set(spaced?.split(' ').filter(Boolean));
