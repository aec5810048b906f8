//! A real provider of OpenID Connect, `oidc-provider` of npm, and a browser that logs in there.

use std::process::Stdio;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use url::Url;

use crate::site::{Answer, Person};

/// Under which the chat knows the provider.
pub const NAME: &str = "sso";
const SECRET: &str = "a secret of the client";

/// A port that was free a moment ago.
pub async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// A running provider; killed when dropped.
pub struct Provider {
    pub issuer: String,
    /// Of the chat.
    chat: String,
    port: u16,
    child: Child,
    secret_file: tempfile::NamedTempFile,
}

impl Provider {
    /// With a client at this URL.
    pub async fn start(chat: &str) -> Self {
        // reqwest requires a cryptography provider, even for `http:`.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let port = free_port().await;
        let secret_file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret_file.path(), format!("{SECRET}\n")).unwrap();
        Self {
            issuer: format!("http://127.0.0.1:{port}"),
            child: run(port, chat).await,
            chat: chat.to_owned(),
            port,
            secret_file,
        }
    }

    pub async fn stop(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it again at the same address. It has other keys, and nobody is logged in there.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.child = run(self.port, &self.chat).await;
    }

    /// Flags of a chat that knows this provider; `more` are settings of the provider.
    pub fn flags(&self, more: Value) -> Vec<String> {
        let mut settings = json!({
            "name": NAME,
            "displayName": "Example SSO",
            "issuerURL": self.issuer,
            "clientID": "confab",
            "clientSecretFile": self.secret_file.path(),
        });
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let providers = json!([settings]).to_string();
        let flags = ["--url", &self.chat, "--oidc-providers", &providers];
        flags.map(str::to_owned).to_vec()
    }

    /// What it knows of the person with this login.
    pub async fn knows(&self, login: &str, claims: Value) {
        let url = format!("{}/test/people/{login}", self.issuer);
        let put = Client::new().put(url).body(claims.to_string()).send().await;
        assert_eq!(put.unwrap().status(), StatusCode::NO_CONTENT);
    }

    pub fn browser(&self) -> Browser {
        let http = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .build();
        Browser {
            http: http.unwrap(),
            issuer: self.issuer.clone(),
            chat: self.chat.clone(),
        }
    }
}

async fn run(port: u16, chat: &str) -> Child {
    let home = std::env::var("TEST_OIDC_HOME")
        .expect("run tests/services/up and load its env file, as make test-rust does");
    let settings = json!({"port": port, "client": {
        "client_id": "confab",
        "client_secret": SECRET,
        "response_types": ["code"],
        "redirect_uris": [format!("{chat}/login/{NAME}/callback")],
        "post_logout_redirect_uris": [format!("{chat}/login")],
        "backchannel_logout_session_required": true,
        "backchannel_logout_uri": format!("{chat}/login/{NAME}/backchannel-logout"),
    }});
    let mut child = Command::new("node")
        .args([&format!("{home}/provider.js"), &settings.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    // It ends when it cannot write.
    child.stdout = Some(lines.into_inner().into_inner());
    child
}

/// A person's browser at the provider.
pub struct Browser {
    http: Client,
    issuer: String,
    chat: String,
}

impl Browser {
    /// Goes where the page of the chat leads, and logs in if the provider asks for it. Returns the path of the chat that the
    /// provider sends the browser to, and whether it has asked.
    pub async fn visit(&self, page: &Answer, login: &str) -> (String, bool) {
        let (mut answer, mut asked) = (self.get(&link(page)).await, false);
        loop {
            if let Some(location) = answer.headers().get(LOCATION) {
                let url = answer.url().join(location.to_str().unwrap()).unwrap();
                if let Some(path) = url.as_str().strip_prefix(&self.chat) {
                    return (path.to_owned(), asked);
                }
                answer = self.get(url.as_str()).await;
            } else {
                asked = true;
                let fields = [("prompt", "login"), ("login", login), ("password", "x")];
                let form = self.http.post(answer.url().clone()).form(&fields);
                answer = form.send().await.unwrap();
            }
        }
    }

    /// Confirms at the provider's page that the person logs out there. Returns the path of the chat that it leads to.
    pub async fn log_out(&self, page: &Answer) -> String {
        let answer = self.get(&link(page)).await;
        let body = answer.text().await.unwrap();
        let xsrf = after(&body, r#"name="xsrf" value=""#);
        let fields = [("xsrf", xsrf.as_str()), ("logout", "yes")];
        let url = format!("{}/session/end/confirm", self.issuer);
        let answer = self.http.post(url).form(&fields).send().await.unwrap();
        let to = answer.headers()[LOCATION].to_str().unwrap();
        to.strip_prefix(&self.chat).unwrap().to_owned()
    }

    async fn get(&self, url: &str) -> Response {
        self.http.get(url).send().await.unwrap()
    }
}

/// Where a page of the chat leads that leaves for the provider.
pub fn link(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    let url = after(&page.body, r#"data-testid="leave" href=""#);
    assert_eq!(
        after(&page.body, r#"http-equiv="refresh" content="0;url="#),
        url
    );
    url
}

/// The rest of an attribute of HTML after this text.
fn after(html: &str, text: &str) -> String {
    let (_, rest) = html.split_once(text).expect("the text is on the page");
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

/// A parameter of the address that a page of the chat leads to.
pub fn parameter(page: &Answer, name: &str) -> Option<String> {
    let url = Url::parse(&link(page)).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

impl Person {
    /// Logs in at the provider, and comes back with its answer.
    pub async fn logs_in(&mut self, browser: &Browser, login: &str) -> Answer {
        let page = self.post(&format!("/login/{NAME}"), &[]).await;
        let (path, _) = browser.visit(&page, login).await;
        self.get(&path).await
    }
}
