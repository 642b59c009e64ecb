//! What `bindgen!` makes of `wit/`. The only call of it; everything else names its types through here.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: {
        "crowdhook:plugin/crowd": async,
        "crowdhook:plugin/state": async,
        "crowdhook:plugin/http.fetch": async,
    },
    exports: { default: async },
});
