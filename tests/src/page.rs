//! A page of the chat read through its `data-testid` hooks, whoever fetched it: an HTTP client or a browser. No I/O.

use crate::html::{self, Element};
use crate::{Context, Result};

#[derive(Debug, Clone)]
pub struct Page(String);

/// The state of the live connection, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// `connecting`, `live` or `offline`.
    pub state: String,
    /// The replica that holds the socket, once it has said so.
    pub replica: Option<String>,
}

/// One line of the conversation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub id: i64,
    pub name: String,
    /// The number on the badge; 0 when there is none.
    pub unread: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place among the conversation's messages, from 1; absent while it is being sent.
    pub seq: Option<i64>,
    /// The UUID its sender made.
    pub client_id: String,
    pub body: String,
}

/// Somebody found by a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// What `POST /c` wants as `user`.
    pub user: String,
}

impl Page {
    /// The page with this HTML.
    pub fn new(html: String) -> Self {
        Self(html)
    }

    pub fn html(&self) -> &str {
        &self.0
    }

    /// Whether there is an element with this `data-testid`.
    pub fn has(&self, testid: &str) -> bool {
        !self.all(testid).is_empty()
    }

    /// The texts of the elements with this `data-testid`.
    pub fn texts(&self, testid: &str) -> Vec<String> {
        self.all(testid).iter().map(Element::text).collect()
    }

    /// The replica that rendered the page.
    pub fn replica(&self) -> Result<String> {
        html::elements(&self.0, |tag, _| tag == "html")
            .first()
            .and_then(|root| root.attribute("data-replica").map(str::to_owned))
            .context("the page does not say which replica rendered it")
    }

    pub fn connection(&self) -> Result<Connection> {
        let elements = self.all("connection");
        let element = elements.first().context("no connection element")?;
        let replica = element.attribute("data-replica").filter(|r| !r.is_empty());
        Ok(Connection {
            state: attribute(element, "data-state")?,
            replica: replica.map(str::to_owned),
        })
    }

    /// The conversation list, from the top.
    pub fn conversations(&self) -> Result<Vec<Conversation>> {
        self.all("conversation").iter().map(conversation).collect()
    }

    /// The line of the list that leads to the conversation with `name`.
    pub fn conversation_with(&self, name: &str) -> Result<Conversation> {
        let all = self.conversations()?;
        let found = all.iter().find(|one| one.name == name).cloned();
        found.context(format!("no conversation with {name} in the list: {all:?}"))
    }

    /// The messages on screen, oldest first.
    pub fn messages(&self) -> Result<Vec<Message>> {
        self.all("message").iter().map(message).collect()
    }

    /// What the messages on screen say, oldest first.
    pub fn bodies(&self) -> Result<Vec<String>> {
        Ok(self.messages()?.into_iter().map(|m| m.body).collect())
    }

    /// The link to the page of messages before this one.
    pub fn older(&self) -> Option<String> {
        let elements = self.all("older");
        elements.first()?.attribute("href").map(str::to_owned)
    }

    pub fn people(&self) -> Result<Vec<Person>> {
        self.all("person").iter().map(person).collect()
    }

    fn all(&self, testid: &str) -> Vec<Element> {
        html::by_testid(&self.0, testid)
    }
}

fn attribute(element: &Element, name: &str) -> Result<String> {
    let value = element.attribute(name).map(str::to_owned);
    value.context(format!("no {name} on {element:?}"))
}

fn conversation(item: &Element) -> Result<Conversation> {
    let name = html::by_class(item.inner(), "name");
    let unread = html::by_testid(item.inner(), "unread");
    Ok(Conversation {
        id: attribute(item, "data-conversation")?.parse()?,
        name: name.first().context("no .name in a conversation")?.text(),
        unread: unread
            .first()
            .map_or(Ok(0), |badge| badge.text().parse())
            .context("an unread badge that is no number")?,
    })
}

fn message(item: &Element) -> Result<Message> {
    let body = html::by_class(item.inner(), "body");
    let seq = item.attribute("data-seq").filter(|seq| !seq.is_empty());
    Ok(Message {
        seq: seq.map(str::parse).transpose()?,
        client_id: attribute(item, "data-client-id")?,
        body: body.first().context("no .body in a message")?.text(),
    })
}

fn person(item: &Element) -> Result<Person> {
    let fields = html::elements(item.inner(), |_, attributes| {
        attributes.get("name").is_some_and(|name| name == "user")
    });
    Ok(Person {
        name: attribute(item, "data-name")?,
        user: attribute(fields.first().context("a person without a form")?, "value")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_page_is_read_through_its_hooks() {
        let page = Page::new(
            r#"<html data-replica="team-app-a"><body><p data-testid="connection" data-state="live" data-replica="team-app-b"></p>
            <ul data-testid="conversation-list"><li data-testid="conversation" data-conversation="4"><a href="/c/4"><span class="name">bo</span>
            <span data-testid="unread">3</span></a></li><li data-testid="conversation" data-conversation="5"><span class="name">cy</span></li></ul>
            <a data-testid="older" href="/c/4?before=7">Older</a><ol data-testid="messages"><li data-testid="message" data-seq="7" data-rev="8"
            data-sender="2" data-client-id="u"><p class="body">hello</p></li></ol></body></html>"#
                .to_owned(),
        );
        assert_eq!(page.replica().expect("named"), "team-app-a");
        let connection = page.connection().expect("shown");
        assert_eq!(connection.replica.as_deref(), Some("team-app-b"));
        let unread = |name| page.conversation_with(name).expect("listed").unread;
        assert_eq!((unread("bo"), unread("cy")), (3, 0));
        assert_eq!(page.bodies().expect("readable"), ["hello"]);
        assert_eq!(page.older().as_deref(), Some("/c/4?before=7"));
    }
}
