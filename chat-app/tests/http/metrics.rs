//! The metrics of requests, and what they must not reveal.

use axum::body::Body;
use axum::http::Request;
use sqlx::PgPool;

use crate::site::with;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn requests_are_counted_by_the_route_and_never_by_the_path(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.get(&path).await.says(200, "bob");
        ada.get("/c/987654321").await.says(404, "");
        ada.get("/nowhere-at-all").await.says(404, "");
        // The metrics have a port of their own, to which no route leads.
        ada.get("/metrics").await.says(404, "");
        let invented = Request::builder().method("INVENTED").uri("/c");
        ada.request(invented, Body::empty()).await.says(405, "");

        let page = site.metrics.text();
        for line in [
            r#"confab_http_requests_total{method="GET",route="/c/{id}",status="2xx"} 1"#,
            r#"confab_http_requests_total{method="GET",route="/c/{id}",status="4xx"} 1"#,
            r#"confab_http_requests_total{method="POST",route="/register",status="3xx"} 2"#,
            r#"confab_http_requests_total{method="GET",route="unmatched",status="4xx"} 2"#,
            r#"confab_http_requests_total{method="other",route="/c",status="4xx"} 1"#,
            r#"confab_http_request_duration_seconds_count{method="GET",route="/c/{id}"} 2"#,
        ] {
            assert!(page.contains(line), "{line} is not in {page}");
        }
        for secret in ["987654321", "nowhere-at-all", "INVENTED"] {
            assert!(
                !page.contains(secret),
                "{secret} came from a client: {page}"
            );
        }
    })
    .await;
}
