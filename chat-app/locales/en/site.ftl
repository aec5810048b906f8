# On every page.
skip = Skip to content
conversations = Conversations
