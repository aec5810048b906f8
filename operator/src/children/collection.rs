//! The children of one chat, by kind and role. Pure.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Child, ChildKind, Key, Object};
use crate::names::Role;

/// Children of one chat: those that exist, or those that should. Kind and role identify a child.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children(BTreeMap<Key, Object>);

impl Children {
    pub(crate) fn get<K: ChildKind>(&self, role: Role) -> Option<&K> {
        let object: &dyn Any = self.0.get(&(TypeId::of::<K>(), role))?.as_ref();
        object.downcast_ref()
    }

    pub(crate) fn insert<K: ChildKind>(&mut self, role: Role, object: Option<K>) {
        if let Some(object) = object {
            self.0.insert((TypeId::of::<K>(), role), Arc::new(object));
        }
    }

    /// The object of a row.
    pub(crate) fn object(&self, child: &Child) -> Option<&Object> {
        self.0.get(&child.key())
    }
}

impl Extend<(&'static Child, Option<Object>)> for Children {
    fn extend<I: IntoIterator<Item = (&'static Child, Option<Object>)>>(&mut self, rows: I) {
        let there = rows.into_iter();
        self.0
            .extend(there.filter_map(|(child, object)| Some((child.key(), object?))));
    }
}

impl FromIterator<(&'static Child, Option<Object>)> for Children {
    fn from_iter<I: IntoIterator<Item = (&'static Child, Option<Object>)>>(rows: I) -> Self {
        let mut children = Self::default();
        children.extend(rows);
        children
    }
}

#[cfg(test)]
impl Children {
    pub(crate) fn with<K: ChildKind>(mut self, role: Role, object: K) -> Self {
        self.insert(role, Some(object));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The rows whose objects exist.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static Child, &Object)> {
        super::table()
            .iter()
            .filter_map(|child| Some((child, self.object(child)?)))
    }
}
