// An nginx configuration that answers the same JSON with `return 200`, as text.
export const nginxConfig = ({ folder, port }) => `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 2048; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port};
    default_type application/json;
    location / { return 200 '{"message":"Hello, World!"}'; }
  }
}
`;
