//! The actions of a person in the chat. Does I/O.

use anyhow::{Context, Result, ensure};

use super::Browser;
use crate::names::PASSWORD;

impl Browser {
    /// Signs up through the form, which also logs in.
    pub async fn register(&self, name: &str) -> Result<()> {
        self.enter("/register", "register-form", name).await
    }

    /// Logs in through the form.
    pub async fn log_in(&self, name: &str) -> Result<()> {
        self.enter("/login", "login-form", name).await
    }

    async fn enter(&self, path: &str, form: &str, name: &str) -> Result<()> {
        self.goto(path).await?;
        let field = |field: &str| format!("[data-testid={form}] [name={field}]");
        self.fill(&field("name"), name).await?;
        self.fill(&field("password"), PASSWORD).await?;
        self.click(&format!("[data-testid={form}] button")).await?;
        self.sees("the person is logged in", |page| {
            let errors = page.texts("field-error");
            ensure!(page.has("logout"), "{path} as {name}: {errors:?}");
            Ok(())
        })
        .await
    }

    /// Sets the display name.
    pub async fn set_display_name(&self, display_name: &str) -> Result<()> {
        self.goto("/account").await?;
        self.fill("#display-name", display_name).await?;
        self.click("[data-testid=profile-form] button").await?;
        self.sees("that it is saved", |page| {
            ensure!(page.has("saved"), "it does not say so");
            Ok(())
        })
        .await
    }

    /// Finds a person through the search and opens the conversation with them. Returns its id.
    pub async fn find_and_open(&self, name: &str) -> Result<i64> {
        self.goto(&format!("/people?q={name}")).await?;
        self.click(&format!("[data-testid=person][data-name='{name}'] button"))
            .await?;
        self.sees("a conversation opens", |page| {
            ensure!(page.has("composer"), "no composer");
            Ok(())
        })
        .await?;
        let path = self.path().await?;
        let id = path.strip_prefix("/c/").and_then(|id| id.parse().ok());
        id.with_context(|| format!("{path} is not a conversation"))
    }

    /// Opens a conversation by its address.
    pub async fn open_conversation(&self, id: i64) -> Result<()> {
        self.goto(&format!("/c/{id}")).await
    }

    /// Types a message and sends it.
    pub async fn say(&self, text: &str) -> Result<()> {
        self.fill("textarea[name=body]", text).await?;
        self.click("[data-testid=send]").await
    }

    /// Waits until the socket is open and returns the replica that holds it.
    pub async fn live(&self) -> Result<String> {
        self.sees("the connection is live", |page| {
            let connection = page.connection()?;
            ensure!(connection.state == "live", "it is {}", connection.state);
            connection.replica.context("it names no replica")
        })
        .await
    }

    /// Waits until exactly these messages are on screen, in this order.
    pub async fn reads(&self, bodies: &[&str]) -> Result<()> {
        self.sees(&format!("the messages {bodies:?}"), |page| {
            let seen = page.bodies()?;
            ensure!(seen == bodies, "on screen: {seen:?}");
            Ok(())
        })
        .await
    }

    /// Waits until the badge of the conversation with `name` shows `count`; 0 is no badge.
    pub async fn unread(&self, name: &str, count: i64) -> Result<()> {
        self.sees(&format!("{count} unread from {name}"), |page| {
            let unread = page.conversation_with(name)?.unread;
            ensure!(unread == count, "the badge says {unread}");
            Ok(())
        })
        .await
    }
}
