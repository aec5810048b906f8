//! Reads a page of the chat through its `data-testid` hooks, whether an HTTP client or a browser fetched it. No I/O.

use anyhow::{Context, Result};
use scraper::{ElementRef, Html, Selector};

#[derive(Debug, Clone)]
pub struct Page(String);

/// The state of the live connection, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// `connecting`, `live` or `offline`.
    pub state: String,
    /// The replica that holds the socket, once it is known.
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
    /// Its number among the conversation's messages, from 1; absent while it is being sent.
    pub seq: Option<i64>,
    /// The UUID that the sender generated.
    pub client_id: String,
    pub body: String,
}

/// A person in the results of a search.
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
        !self.each(testid, |_| ()).is_empty()
    }

    /// The texts of the elements with this `data-testid`.
    pub fn texts(&self, testid: &str) -> Vec<String> {
        self.each(testid, text)
    }

    /// The replica that rendered the page.
    pub fn replica(&self) -> Result<String> {
        let document = Html::parse_document(&self.0);
        let replica = document.root_element().attr("data-replica");
        replica
            .map(str::to_owned)
            .context("the page does not say which replica rendered it")
    }

    pub fn connection(&self) -> Result<Connection> {
        let first = self.each("connection", connection).into_iter().next();
        first.context("no connection element")?
    }

    /// The conversation list, from the top.
    pub fn conversations(&self) -> Result<Vec<Conversation>> {
        self.each("conversation", conversation)
            .into_iter()
            .collect()
    }

    /// The line of the list that links to the conversation with `name`.
    pub fn conversation_with(&self, name: &str) -> Result<Conversation> {
        let all = self.conversations()?;
        let found = all.iter().find(|one| one.name == name).cloned();
        found.with_context(|| format!("no conversation with {name} in the list: {all:?}"))
    }

    /// The messages on screen, oldest first.
    pub fn messages(&self) -> Result<Vec<Message>> {
        self.each("message", message).into_iter().collect()
    }

    /// The texts of the messages on screen, oldest first.
    pub fn bodies(&self) -> Result<Vec<String>> {
        Ok(self.messages()?.into_iter().map(|m| m.body).collect())
    }

    /// The link to the page of messages before this one.
    pub fn older(&self) -> Option<String> {
        let links = self.each("older", |link| link.attr("href").map(str::to_owned));
        links.into_iter().next()?
    }

    pub fn people(&self) -> Result<Vec<Person>> {
        self.each("person", person).into_iter().collect()
    }

    /// What `read` makes of each element with this `data-testid`, in the page's order.
    fn each<T>(&self, testid: &str, read: impl Fn(ElementRef<'_>) -> T) -> Vec<T> {
        let document = Html::parse_document(&self.0);
        let found = select(document.root_element(), &by_testid(testid));
        found.into_iter().map(read).collect()
    }
}

fn by_testid(testid: &str) -> String {
    format!("[data-testid='{testid}']")
}

/// The elements below this one that match a CSS selector. The content of a `template` is not on the page.
fn select<'a>(scope: ElementRef<'a>, css: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(css).expect("tests write valid selectors");
    let on_page = |element: &ElementRef<'_>| {
        !element
            .ancestors()
            .any(|ancestor| ancestor.value().is_fragment())
    };
    scope.select(&selector).filter(on_page).collect()
}

/// The text as a person reads it, without space around it.
fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

fn attribute(element: ElementRef<'_>, name: &str) -> Result<String> {
    let value = element.attr(name).map(str::to_owned);
    value.with_context(|| format!("no {name} on {:?}", element.value()))
}

fn connection(element: ElementRef<'_>) -> Result<Connection> {
    let replica = element.attr("data-replica").filter(|r| !r.is_empty());
    Ok(Connection {
        state: attribute(element, "data-state")?,
        replica: replica.map(str::to_owned),
    })
}

fn conversation(item: ElementRef<'_>) -> Result<Conversation> {
    let name = select(item, ".name");
    let unread = select(item, &by_testid("unread"));
    Ok(Conversation {
        id: attribute(item, "data-conversation")?.parse()?,
        name: text(*name.first().context("no .name in a conversation")?),
        unread: unread
            .first()
            .map_or(Ok(0), |badge| text(*badge).parse())
            .context("an unread badge that is not a number")?,
    })
}

fn message(item: ElementRef<'_>) -> Result<Message> {
    let body = select(item, ".body");
    let seq = item.attr("data-seq").filter(|seq| !seq.is_empty());
    Ok(Message {
        seq: seq.map(str::parse).transpose()?,
        client_id: attribute(item, "data-client-id")?,
        body: text(*body.first().context("no .body in a message")?),
    })
}

fn person(item: ElementRef<'_>) -> Result<Person> {
    let fields = select(item, "[name=user]");
    let field = fields.first().context("a person without a form")?;
    Ok(Person {
        name: attribute(item, "data-name")?,
        user: attribute(*field, "value")?,
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
            data-sender="2" data-client-id="u"><p class="body">1 &lt; 2<br>&amp;amp;</p></li></ol>
            <template><li data-testid="message"></li></template></body></html>"#
                .to_owned(),
        );
        assert_eq!(page.replica().expect("named"), "team-app-a");
        let connection = page.connection().expect("shown");
        assert_eq!(connection.replica.as_deref(), Some("team-app-b"));
        let unread = |name| page.conversation_with(name).expect("listed").unread;
        assert_eq!((unread("bo"), unread("cy")), (3, 0));
        assert_eq!(page.bodies().expect("readable"), ["1 < 2&amp;"]);
        assert_eq!(page.older().as_deref(), Some("/c/4?before=7"));
    }
}
