"""A client in node's coap."""

NODE_CLIENT = """
const coap = require('coap');
const [port, method, path, observe, body] = process.argv.slice(2);
const request = coap.request({host: '127.0.0.1', port: +port, method, pathname: path,
                              observe: observe === '1'});
let seen = 0;
const tell = (code, payload) => console.log(JSON.stringify([code, payload.toString()]));
request.on('response', (response) => {
  if (observe !== '1') { tell(response.code, response.payload); process.exit(0); }
  response.on('data', (chunk) => {
    tell(response.code, chunk);
    if (++seen === 4) process.exit(0);
  });
});
request.end(body);
"""
