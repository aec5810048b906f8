# Groups and rooms.
rooms-title = Rooms
rooms-search = Find a room
rooms-browse = Browse rooms
rooms-none = There are no public rooms yet.
rooms-none-found = No room found for “{ $q }”.
rooms-new = New room
group-new = New group
room-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
room-join = Join
room-open = Open
room-leave = Leave
room-leave-hint = You no longer receive its messages and can no longer read it.
room-kind = Who can join
room-kind-public = Public: anyone can join and read earlier messages
room-kind-private = Private: by invitation; new members see only messages sent after they join
room-kind-group = Group: a conversation between selected people
room-name = Name
room-name-hint = Optional for groups.
room-topic = Topic
room-topic-hint = One line that describes what it is about.
room-people = People
room-people-hint = Names, separated by spaces or commas.
room-create = Create
room-name-missing = Enter a name for the room.
room-name-long = Use at most 80 characters.
room-topic-long = Use at most 250 characters.
room-people-unknown = Nobody here is called { $names }.
group-needs-people = A group needs at least one other person.
about-title = About { $name }
about-change = Change name and topic
about-add = Add people
about-add-button = Add
about-owner = Owner
about-remove = Remove
about-member = Actions for { $name }
about-remove-named = Remove { $name }
about-make-owner = Make owner
about-make-owner-named = Make { $name } an owner
about-make-member = Make member
about-make-member-named = Make { $name } a member
about-notifications = Notifications
people-find-member = Find a member
