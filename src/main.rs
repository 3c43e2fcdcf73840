//! The entry of the page: starts the application, and knows nothing else.

fn main() {
    #[cfg(target_arch = "wasm32")]
    parlance::app::mount();
}
