//! What a replica says of its people. Pure.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::UserId;

/// What a replica says of its people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Whether these are all of them; else what has changed since the last one.
    pub whole: bool,
    pub online: Vec<UserId>,
    pub away: Vec<UserId>,
    #[serde(default)]
    pub gone: Vec<UserId>,
}

/// Person → whether they are away.
pub(super) type People = HashMap<UserId, bool>;

impl Census {
    /// All people, or those who differ from what was told before.
    pub(super) fn of(people: &People, told: Option<&People>) -> Self {
        let mut census = Self {
            whole: told.is_none(),
            ..Self::default()
        };
        for (user, away) in people {
            if told.is_none_or(|told| told.get(user) != Some(away)) {
                let list = if *away {
                    &mut census.away
                } else {
                    &mut census.online
                };
                list.push(*user);
            }
        }
        let told = told.into_iter().flat_map(HashMap::keys);
        census.gone = told
            .filter(|user| !people.contains_key(user))
            .copied()
            .collect();
        census
    }
}
