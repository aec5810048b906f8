//! Limits of attempts: over all replicas, by person and by address, and nobody can keep somebody else out.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chat_app::store::attempts::{self, Limit, Taken};
use futures_util::future::join_all;
use sqlx::PgPool;

use crate::site::{PASSWORD, Site, with};

const WRONG: [(&str, &str); 2] = [("name", "ada"), ("password", "wrong horse")];
const RIGHT: [(&str, &str); 2] = [("name", "ada"), ("password", PASSWORD)];

/// The first proxy's address, and another one's.
const PROXY: &str = "10.1.1.1:4000";
const STRANGER: &str = "192.0.2.1:4000";

/// Runs a test against two replicas of one chat.
async fn with_two(pool: PgPool, flags: &[&str], test: impl AsyncFnOnce(&Site, &Site)) {
    let other = pool.clone();
    with(pool, flags, async |one| {
        with(other, flags, async |two| test(one, two).await).await;
    })
    .await;
}

/// Logs in from an address that a proxy names, or that the client claims.
async fn from(
    site: &Site,
    peer: &str,
    address: &'static str,
    fields: &[(&str, &str)],
) -> StatusCode {
    let mut person = site.stranger();
    person.peer = Some(peer.parse().unwrap());
    person.headers = vec![("x-forwarded-for", address)];
    person.post("/login", fields).await.status
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn replicas_count_together_and_a_stranger_does_not_keep_a_person_out(pool: PgPool) {
    with_two(pool, &[], async |one, two| {
        let mut ada = one.person("ada").await;
        let mut statuses = Vec::new();
        for n in 0..30 {
            let site = if n % 2 == 0 { one } else { two };
            statuses.push(site.stranger().post("/login", &WRONG).await.status);
        }
        let evaluated = statuses.iter().filter(|status| **status == 422).count();
        // One more is allowed every six seconds.
        assert!((10..=13).contains(&evaluated), "{statuses:?}");
        assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS));
        // She can do everything in the browser that she knows: log in, and prove who she is.
        let change = [("current", PASSWORD), ("password", "battery staple")];
        ada.post("/account/password", &change).await.location();
        ada.post("/logout", &[]).await.redirects_to("/login");
        let fields = [("name", "ada"), ("password", "battery staple")];
        ada.post("/login", &fields).await.redirects_to("/c");
        // This browser has a limit too: it may have been stolen.
        let mut last = StatusCode::OK;
        for _ in 0..12 {
            last = ada.post("/login", &WRONG).await.status;
        }
        assert_eq!(last, 429);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_person_who_is_stopped_reads_for_how_long(pool: PgPool) {
    with(pool, &["--sign-ups-per-minute", "1"], async |site| {
        for n in 0..20 {
            site.person(&format!("person-{n}")).await;
        }
        let fields = [("name", "ada"), ("password", PASSWORD)];
        let answer = site.stranger().post("/register", &fields).await;
        answer.says(429, "Too many attempts");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((30..=60).contains(&wait), "{wait}");
        answer.says(429, &format!("Try again in {wait} seconds."));
        let mut german = site.stranger();
        german.headers = vec![("accept-language", "de")];
        let answer = german.post("/register", &fields).await;
        answer.says(429, "Sekunden noch einmal.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn many_sign_ups_at_once_wait_for_their_turn(pool: PgPool) {
    with_two(pool, &["--sign-ups-per-minute", "600"], async |one, two| {
        let began = Instant::now();
        let all = (0..30).map(|n| async move {
            let site = if n % 2 == 0 { one } else { two };
            let name = format!("person-{n}");
            let fields = [("name", name.as_str()), ("password", PASSWORD)];
            site.stranger().post("/register", &fields).await.location()
        });
        join_all(all).await;
        // Twenty at once, then one every tenth of a second.
        assert!(
            began.elapsed() >= Duration::from_millis(900),
            "{:?}",
            began.elapsed()
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn one_password_tried_with_many_names_is_slowed_down(pool: PgPool) {
    with_two(pool, &[], async |one, two| {
        let mut bob = one.person("bob").await;
        let began = Instant::now();
        let all = (0..40).map(|n| async move {
            let site = if n % 2 == 0 { one } else { two };
            let name = format!("person-{n}");
            let fields = [("name", name.as_str()), ("password", "correct horse")];
            site.stranger().post("/login", &fields).await.status
        });
        let spraying = join_all(all);
        let known = async {
            let fields = [("name", "bob"), ("password", PASSWORD)];
            bob.post("/login", &fields).await.redirects_to("/c");
            began.elapsed()
        };
        let (statuses, logged_in) = tokio::join!(spraying, known);
        let evaluated = statuses.iter().filter(|status| **status == 422).count();
        assert!((28..=33).contains(&evaluated), "{statuses:?}");
        assert!(
            began.elapsed() >= Duration::from_secs(8),
            "{:?}",
            began.elapsed()
        );
        assert!(logged_in < Duration::from_secs(6), "{logged_in:?}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn addresses_count_where_a_trusted_proxy_names_them(pool: PgPool) {
    with(pool, &["--trusted-proxies", "10.0.0.0/8"], async |site| {
        site.person("ada").await;
        for _ in 0..10 {
            assert_eq!(from(site, PROXY, "198.51.100.7", &WRONG).await, 422);
        }
        assert_eq!(from(site, PROXY, "198.51.100.7", &RIGHT).await, 429);
        // What the client wrote before the proxy's entry does not matter.
        let forged = from(site, PROXY, "203.0.113.5, 198.51.100.7", &RIGHT);
        assert_eq!(forged.await, 429);
        // Elsewhere she can log in, although the browser is new.
        assert_eq!(from(site, PROXY, "203.0.113.5", &RIGHT).await, 303);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_address_that_a_client_claims_does_not_count(pool: PgPool) {
    for flags in [&[][..], &["--trusted-proxies", "10.0.0.0/8"]] {
        with(pool.clone(), flags, async |site| {
            site.run("TRUNCATE attempts, users CASCADE").await;
            site.person("ada").await;
            let mut last = StatusCode::OK;
            for address in [
                "198.51.100.1",
                "198.51.100.2",
                "198.51.100.3",
                "198.51.100.4",
            ] {
                for _ in 0..4 {
                    last = from(site, STRANGER, address, &WRONG).await;
                }
            }
            assert_eq!(last, 429, "{flags:?}");
        })
        .await;
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_attempt_waits_for_its_turn_or_is_refused_and_a_success_gives_it_back(pool: PgPool) {
    let seconds = Duration::from_secs;
    let limit = |patience| Limit {
        key: [7; 32],
        burst: 3,
        every: seconds(100),
        patience: seconds(patience),
    };
    // To ten seconds, since the test itself takes a while.
    let about = |wait: Duration| (wait.as_secs_f64() / 10.0).round() as u64 * 10;
    let whole = |taken| match taken {
        Taken::After(wait) => (true, about(wait)),
        Taken::Refused(wait) => (false, about(wait)),
    };
    let take = async |patience| whole(attempts::take(&pool, &[limit(patience)]).await.unwrap());
    for _ in 0..3 {
        assert_eq!(take(0).await, (true, 0));
    }
    assert_eq!(take(0).await, (false, 100));
    assert_eq!(take(40).await, (false, 60), "until it would wait");
    assert_eq!(take(150).await, (true, 100));
    assert_eq!(take(150).await, (false, 50), "it stands behind that one");
    attempts::give_back(&pool, &[limit(0)]).await.unwrap();
    assert_eq!(take(150).await, (true, 100));
    // What one limit refuses does not count against another.
    let other = Limit {
        key: [8; 32],
        ..limit(0)
    };
    for _ in 0..5 {
        let both = attempts::take(&pool, &[other, limit(0)]).await.unwrap();
        assert!(matches!(both, Taken::Refused(_)));
    }
    let taken = attempts::take(&pool, &[other]).await.unwrap();
    assert_eq!(whole(taken), (true, 0));
}
