# Was jede Seite hat.
skip = Zum Inhalt springen
conversations = Unterhaltungen
