//! From the users of this replica to the record that the other replicas get. Pure.

use std::collections::HashMap;

use crate::domain::UserId;
use crate::signal::Census;

/// User → whether they are away.
pub(super) type Users = HashMap<UserId, bool>;

/// Lists all users, or those that differ from the ones published before.
pub(super) fn census(users: &Users, published: Option<&Users>) -> Census {
    let mut census = Census {
        whole: published.is_none(),
        ..Census::default()
    };
    for (user, away) in users {
        if published.is_none_or(|published| published.get(user) != Some(away)) {
            let list = if *away {
                &mut census.away
            } else {
                &mut census.online
            };
            list.push(*user);
        }
    }
    let published = published.into_iter().flat_map(HashMap::keys);
    census.gone = published
        .filter(|user| !users.contains_key(user))
        .copied()
        .collect();
    census
}
