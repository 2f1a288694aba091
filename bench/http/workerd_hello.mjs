// The peer: the same answer by workerd, one isolate for all calls.
export default {
  fetch() {
    return new Response(JSON.stringify({ message: 'Hello, World!' }), { headers: { 'content-type': 'application/json' } });
  },
};
