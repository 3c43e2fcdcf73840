export class Unused {
    free() {
        UnusedFinalization.unregister(this);
        wasm.__wbg_unused_free(this.__wbg_ptr, 0);
    }
}
if (Symbol.dispose) Unused.prototype[Symbol.dispose] = Unused.prototype.free;

export class Used {
    free() {
        UsedFinalization.unregister(this);
    }
}
if (Symbol.dispose) Used.prototype[Symbol.dispose] = Used.prototype.free;
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg_abort_75a93bc755ef5425: function() { return handleError(function (arg0) {
            arg0.abort();
        }, arguments); },
        __wbg_new_1: function() {
            // Not an entry: __wbg_abort_75a93bc755ef5425: function
            return Used.__wrap(wasm.make());
        },
    };
    return {
        __proto__: null,
        "./page_bg.js": import0,
    };
}
const UnusedFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_unused_free(ptr, 1));
const UsedFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => 0);
let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
    wasm = instance.exports;
    cachedMemory = wasm.memory.buffer;
    return wasm;
}

async function __wbg_load(module, imports) {
    return await WebAssembly.instantiateStreaming(module, imports);
}

function initSync(module) {
    return __wbg_finalize_init(new WebAssembly.Instance(module, __wbg_get_imports()), module);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path) {
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path);
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path) {
    if (module_or_path === undefined) {
        module_or_path = new URL('page_bg.wasm', import.meta.url);
    }
    const { instance, module } = await __wbg_load(await module_or_path, __wbg_get_imports());
    return __wbg_finalize_init(instance, module);
}

export { initSync, __wbg_init as default };
