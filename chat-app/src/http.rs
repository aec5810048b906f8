//! browser → http → writer. All routes; handlers, error pages and layers are in this module's files. Does I/O.

mod about;
mod access_tokens;
mod account;
mod admin;
pub mod api;
mod assets;
mod attachments;
mod auth;
mod conversations;
mod error;
mod extract;
mod files;
mod hooks;
mod layers;
mod limits;
mod marks;
mod messages;
mod notifications;
pub(crate) mod origin;
mod page;
mod people;
mod pins;
mod proof;
mod provider_login;
mod request_id;
mod rooms;
mod saved;
mod search;
mod session;
mod source;
mod switch;
mod user_agent;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;
use crate::socket;

/// Everything that browsers request; probes and metrics are served elsewhere.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/", get(auth::home))
        .route("/login", get(auth::login_page).post(auth::login))
        .route("/register", get(auth::register_page).post(auth::register))
        .route("/join/{token}", get(auth::join_page).post(auth::join))
        .route("/reset/{token}", get(auth::reset_page).post(auth::reset))
        .route("/setup", get(auth::setup_page).post(auth::setup))
        .route("/logout", post(auth::logout))
        .route("/login/{provider}", post(provider_login::begin))
        .route("/login/{provider}/callback", get(provider_login::callback))
        .route(
            "/login/{provider}/backchannel-logout",
            post(provider_login::backchannel_logout),
        )
        .route("/confirm", get(proof::page).post(proof::confirm))
        .route("/confirm/{provider}", post(proof::confirm_at_provider))
        .route("/c", get(conversations::index).post(conversations::open))
        .route("/c/{id}", get(conversations::show))
        .route("/c/{id}/item", get(conversations::item))
        .route("/c/{id}/messages", post(messages::send))
        .route("/c/{id}/messages/{seq}", get(messages::show))
        .route("/c/{id}/messages/{seq}/edit", post(messages::edit))
        .route("/c/{id}/messages/{seq}/delete", post(messages::delete))
        .route("/c/{id}/messages/{seq}/reactions", post(messages::react))
        .route("/c/{id}/messages/{seq}/pin", post(pins::pin))
        .route("/c/{id}/messages/{seq}/save", post(saved::save))
        .route("/c/{id}/messages/{seq}/unread", post(marks::unread))
        .route("/c/{id}/pins", get(pins::page))
        .route("/c/{id}/files/{file}", get(files::original))
        .route("/c/{id}/files/{file}/thumbnail", get(files::thumbnail))
        .route("/c/{id}/files/{file}/remove", post(attachments::remove))
        .route("/c/{id}/read", post(marks::read))
        .route("/c/{id}/seen", get(marks::seen))
        .route("/c/{id}/about", get(about::show).post(about::describe))
        .route("/c/{id}/hooks", get(hooks::show).post(hooks::create))
        .route("/c/{id}/hooks/{hook}", post(hooks::act))
        .route("/c/{id}/join", post(rooms::join))
        .route("/c/{id}/leave", post(rooms::leave))
        .route("/c/{id}/members", get(rooms::members).post(about::add))
        .route("/c/{id}/members/{user}/remove", post(about::remove))
        .route("/c/{id}/members/{user}/role", post(about::set_role))
        .route("/rooms", get(rooms::directory).post(rooms::create))
        .route("/rooms/new", get(rooms::new))
        .route("/c/{id}/level", post(notifications::set_level))
        .route(
            "/notifications",
            get(notifications::page).post(notifications::set_quiet_hours),
        )
        .route("/notifications/settings", get(notifications::settings))
        .route(
            "/notifications/subscription",
            post(notifications::subscribe),
        )
        .route(
            "/notifications/subscription/remove",
            post(notifications::unsubscribe_by_endpoint),
        )
        .route(
            "/notifications/{subscription}/remove",
            post(notifications::unsubscribe_by_id),
        )
        .route("/sw.js", get(assets::service_worker))
        .route("/manifest.webmanifest", get(assets::manifest))
        .route("/people", get(people::search))
        .route("/saved", get(saved::page))
        .route("/switch", get(switch::find))
        .route("/search", get(search::results))
        .route("/live", get(socket::upgrade))
        .route("/static/{release}/{name}", get(assets::asset))
        .merge(settings())
        .merge(admin::routes());
    // Uploads have no timeout, and the settings limit their size.
    let uploads = Router::new()
        .route("/c/{id}/attachments", post(attachments::put))
        .route(
            "/c/{id}/attach",
            get(attachments::page).post(attachments::send),
        )
        .layer(DefaultBodyLimit::disable());
    let hooks = Router::new()
        .route("/hooks/{token}", post(hooks::receive::receive))
        .layer(DefaultBodyLimit::max(hooks::receive::BODY_LIMIT));
    layers::add_layers(routes, uploads, hooks, &app).with_state(app)
}

fn settings() -> Router<App> {
    let upload = DefaultBodyLimit::max(account::UPLOAD_LIMIT);
    Router::new()
        .route("/account", get(account::show))
        .route("/account/profile", post(account::set_profile))
        .route("/account/avatar", post(account::put_avatar).layer(upload))
        .route("/account/avatar/remove", post(account::remove_avatar))
        .route("/account/language", post(account::set_language))
        .route("/account/privacy", post(account::set_privacy))
        .route("/account/password", post(account::set_password))
        .route("/account/logins/connect", post(account::connect))
        .route("/account/logins/disconnect", post(account::disconnect))
        .route("/account/devices/revoke", post(account::revoke))
        .route("/account/devices/others", post(account::revoke_others))
        .route(
            "/account/tokens",
            get(account::tokens::show).post(account::tokens::create),
        )
        .route(
            "/account/tokens/{token}/revoke",
            post(account::tokens::revoke),
        )
        .route("/account/block", post(account::block))
        .route("/account/unblock", post(account::unblock))
        .route("/account/folded.css", get(account::folded))
        .route("/account/export", get(account::export))
        .route("/account/delete", post(account::delete))
        .route("/avatar/{id}", get(account::get_avatar))
}
