# What every page has.
skip = Skip to content
conversations = Conversations
