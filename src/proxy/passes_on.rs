//! A connection around a connection: all but reading passes through.

/// Makes a type with the fields `stream` and `taking` a connection to pingora. Its reading is its own.
macro_rules! passes_on {
    ($connection:ty) => {
        impl ::tokio::io::AsyncWrite for $connection {
            fn poll_write(
                mut self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                let Self { stream, taking, .. } = &mut *self;
                taking.watch(context, |context| ::std::pin::Pin::new(stream).poll_write(context, bytes))
            }

            fn poll_flush(
                mut self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                let Self { stream, taking, .. } = &mut *self;
                taking
                    .watch(context, |context| ::std::pin::Pin::new(stream).poll_flush(context).map_ok(|()| 0))
                    .map_ok(|_| ())
            }

            fn poll_shutdown(
                mut self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::pin::Pin::new(&mut self.stream).poll_shutdown(context)
            }

            fn poll_write_vectored(
                mut self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                parts: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                let Self { stream, taking, .. } = &mut *self;
                taking.watch(context, |context| ::std::pin::Pin::new(stream).poll_write_vectored(context, parts))
            }

            fn is_write_vectored(&self) -> bool {
                self.stream.is_write_vectored()
            }
        }

        #[::async_trait::async_trait]
        impl ::pingora::protocols::Shutdown for $connection {
            async fn shutdown(&mut self) {
                self.stream.shutdown().await;
            }
        }

        impl ::pingora::protocols::UniqueID for $connection {
            fn id(&self) -> ::pingora::protocols::UniqueIDType {
                self.stream.id()
            }
        }

        impl ::pingora::protocols::Ssl for $connection {
            fn get_ssl(&self) -> Option<&::pingora::protocols::tls::TlsRef> {
                self.stream.get_ssl()
            }

            fn get_ssl_digest(&self) -> Option<::std::sync::Arc<::pingora::protocols::tls::SslDigest>> {
                self.stream.get_ssl_digest()
            }

            fn selected_alpn_proto(&self) -> Option<::pingora::protocols::ALPN> {
                self.stream.selected_alpn_proto()
            }
        }

        impl ::pingora::protocols::GetTimingDigest for $connection {
            fn get_timing_digest(&self) -> Vec<Option<::pingora::protocols::TimingDigest>> {
                self.stream.get_timing_digest()
            }

            fn get_read_pending_time(&self) -> ::std::time::Duration {
                self.stream.get_read_pending_time()
            }

            fn get_write_pending_time(&self) -> ::std::time::Duration {
                self.stream.get_write_pending_time()
            }
        }

        impl ::pingora::protocols::GetProxyDigest for $connection {
            fn get_proxy_digest(&self) -> Option<::std::sync::Arc<::pingora::protocols::raw_connect::ProxyDigest>> {
                self.stream.get_proxy_digest()
            }

            fn set_proxy_digest(&mut self, digest: ::pingora::protocols::raw_connect::ProxyDigest) {
                self.stream.set_proxy_digest(digest);
            }
        }

        impl ::pingora::protocols::GetSocketDigest for $connection {
            fn get_socket_digest(&self) -> Option<::std::sync::Arc<::pingora::protocols::SocketDigest>> {
                self.stream.get_socket_digest()
            }

            fn set_socket_digest(&mut self, digest: ::pingora::protocols::SocketDigest) {
                self.stream.set_socket_digest(digest);
            }
        }

        /// There is nothing to peek at: which protocol it is, is known by now.
        impl ::pingora::protocols::Peek for $connection {}
    };
}

pub(super) use passes_on;
