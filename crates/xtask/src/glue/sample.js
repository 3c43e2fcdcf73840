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
let wasm;
function initSync() { return wasm.memory.buffer; }
async function __wbg_init(path) {
    if (path === undefined) {
        path = new URL('page_bg.wasm', import.meta.url);
    }
    return __wbg_get_imports();
}
export { initSync, __wbg_init as default };
