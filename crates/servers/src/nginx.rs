//! nginx as a reverse proxy.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::process::{Process, TIMEOUT, on_a_free_port, temporary_folder};

/// nginx in front of a server. It believes the header `X-Test-Client` of whoever asks, so that a
/// test can be many clients, and tells the server each client's address in `X-Forwarded-For`.
pub struct Nginx {
    // Fields drop in this order: the server must be gone before its folder can be deleted.
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Nginx {
    /// Whether nginx is installed, with the module that takes addresses from a header.
    pub fn is_available() -> bool {
        let Some(program) = find() else { return false };
        let output = std::process::Command::new(program).arg("-V").output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stderr).contains("http_realip_module")
        })
    }

    /// Starts nginx in front of `server`, a host and port, and waits until it listens.
    pub fn in_front_of(server: &str) -> Self {
        let folder = temporary_folder("nginx");
        let (port, process) = on_a_free_port(|port| {
            let place = folder.path().display();
            let text = format!(
                "daemon off; master_process off; pid {place}/pid; error_log stderr;
                 events {{ worker_connections 64; }}
                 http {{
                   access_log off;
                   client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
                   fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
                   server {{
                     listen 127.0.0.1:{port};
                     set_real_ip_from 127.0.0.1; real_ip_header X-Test-Client;
                     location / {{
                       proxy_pass http://{server};
                       proxy_set_header Host $http_host;
                       proxy_set_header X-Forwarded-For $remote_addr;
                     }}
                   }}
                 }}"
            );
            let configuration = folder.path().join("nginx.conf");
            fs::write(&configuration, text).unwrap();
            let configuration = configuration.display().to_string();
            let arguments = ["-p", &place.to_string(), "-c", &configuration].map(str::to_owned);
            let log = folder.path().join("server.log");
            let mut process = Process::start("nginx", &arguments, &log);
            process.wait_until(TIMEOUT, |_| TcpStream::connect(("127.0.0.1", port)).is_ok())?;
            Ok((port, process))
        });
        Self { _process: process, _folder: folder, port }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn find() -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"];
    folders.iter().map(|folder| PathBuf::from(folder).join("nginx")).find(|file| file.is_file())
}
