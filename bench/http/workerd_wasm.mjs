// The peer: the module that Roost runs under workerd, a fresh instance for each call as Roost's are.
import bare from 'bare.wasm';
const text = new TextDecoder();
export default {
  fetch() {
    let answer;
    const instance = new WebAssembly.Instance(bare, {
      roost: {
        respond(status, headers, headersLength, body, length) {
          const bytes = new Uint8Array(instance.exports.memory.buffer, body, length);
          answer = new Response(text.decode(bytes), { status, headers: { 'content-type': 'application/json' } });
        },
      },
    });
    instance.exports.handle();
    return answer;
  },
};
