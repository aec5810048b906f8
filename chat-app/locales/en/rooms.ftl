# Groups and rooms.
rooms-title = Rooms
rooms-search = Find a room
rooms-none = There is no public room yet.
rooms-none-found = No room holds “{ $q }”.
rooms-new = New room
group-new = New group
room-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
room-join = Join
room-open = Open
room-leave = Leave
room-leave-hint = You no longer get its messages, and read nothing of it after.
room-kind = Who can join
room-kind-public = Public: anyone may join and read back
room-kind-private = Private: by invitation; new members see what is sent from then on
room-kind-group = Group: a conversation of some people
room-name = Name
room-name-hint = A group may do without one.
room-topic = Topic
room-topic-hint = A line that says what it is about.
room-people = People
room-people-hint = Names, separated by spaces or commas.
room-create = Create
room-name-missing = A room needs a name.
room-name-long = Use at most 80 characters.
room-topic-long = Use at most 250 characters.
room-people-unknown = Nobody here is called { $names }.
group-needs-people = A group needs somebody besides you.
about-title = About { $name }
about-change = Change name and topic
about-add = Add people
about-add-button = Add
about-owner = Owner
about-remove = Remove
about-remove-named = Remove { $name }
about-make-owner = Make owner
about-make-owner-named = Make { $name } an owner
about-make-member = Make member
about-make-member-named = Make { $name } a member
about-notifications = Notifications
people-find-member = Find a member
