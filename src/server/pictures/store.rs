//! Stores pictures and their copies in a folder or an S3-compatible bucket.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, GetResult, ObjectStore, ObjectStoreExt, RetryConfig};
use serde::{Deserialize, Deserializer, de};

/// Timeout of one request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Timeout of connecting, and how long failed requests are retried.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(3);

/// The value of `pictures.url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder; a relative one is relative to the working directory.
    Folder(PathBuf),
    /// A bucket and a prefix for all names in it.
    Bucket {
        /// Name of the bucket.
        bucket: String,
        /// Prefix; may be empty.
        prefix: Path,
    },
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |reason: &str| {
            format!(
                "{text:?} is not a place for pictures ({reason}); use file: and a folder, as in file:data/pictures, or s3://BUCKET/PREFIX"
            )
        };
        match text.split_once(':') {
            Some(("file", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() {
                    return Err(refuse("the folder is missing"));
                }
                Ok(Place::Folder(PathBuf::from(path)))
            }
            Some(("s3", address)) => {
                let address = address
                    .strip_prefix("//")
                    .ok_or_else(|| refuse("there must be // after s3:"))?;
                let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
                let is_fine = |byte: u8| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
                };
                if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_fine) {
                    return Err(refuse(
                        "a bucket's name has 3 to 63 lower-case letters, digits, hyphens and dots",
                    ));
                }
                let prefix = Path::parse(prefix.trim_end_matches('/'))
                    .map_err(|_| refuse("the prefix can't be used"))?;
                Ok(Place::Bucket { bucket: bucket.to_owned(), prefix })
            }
            _ => Err(refuse("it starts with neither file: nor s3:")),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Place::Folder(folder) => write!(formatter, "the folder {}", folder.display()),
            Place::Bucket { bucket, prefix } => write!(formatter, "s3://{bucket}/{prefix}"),
        }
    }
}

/// The environment variables that start with `AWS_`: endpoint, region, credentials and so on.
#[derive(Clone, Default)]
pub struct AwsEnvironment(HashMap<String, String>);

impl AwsEnvironment {
    /// Picks them from `environment`.
    pub fn of(environment: &HashMap<String, String>) -> Self {
        let is_aws = |(name, _): &(&String, &String)| name.starts_with("AWS_");
        Self(
            environment
                .iter()
                .filter(is_aws)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }
}

impl fmt::Debug for AwsEnvironment {
    // Prints names only; the values include secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// An open store.
#[derive(Clone, Debug)]
pub struct PictureStore {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    place: Place,
}

impl PictureStore {
    /// Creates a client for the store, without connecting to it. A folder is created with its first
    /// picture.
    ///
    /// # Errors
    /// One line that says what to change.
    pub fn open(place: &Place, aws: &AwsEnvironment) -> Result<Self, String> {
        let wrong =
            |error: &dyn fmt::Display| format!("pictures.url: {place} can't be used: {error}");
        let (store, prefix): (Arc<dyn ObjectStore>, Path) = match place {
            Place::Folder(folder) => {
                let folder = std::path::absolute(folder).map_err(|error| wrong(&error))?;
                let prefix = Path::from_absolute_path(folder).map_err(|error| wrong(&error))?;
                (Arc::new(LocalFileSystem::new().with_fsync(true)), prefix)
            }
            Place::Bucket { bucket, prefix } => {
                // Fails if a default is already installed, which is fine.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let client = ClientOptions::new()
                    .with_timeout(TIMEOUT)
                    .with_connect_timeout(PATIENCE_TO_CONNECT);
                let retry = RetryConfig {
                    max_retries: 2,
                    retry_timeout: PATIENCE_TO_CONNECT,
                    ..RetryConfig::default()
                };
                // Like `AmazonS3Builder::from_env`, but with the environment that the settings were
                // read from.
                let builder = aws.0.iter().fold(
                    AmazonS3Builder::new().with_client_options(client),
                    |builder, (name, value)| match name
                        .to_ascii_lowercase()
                        .parse::<AmazonS3ConfigKey>()
                    {
                        Ok(key) => builder.with_config(key, value),
                        Err(_) => builder,
                    },
                );
                // Not every S3-compatible store supports bulk delete.
                let store = builder
                    .with_retry(retry)
                    .with_disable_bulk_delete(true)
                    .with_bucket_name(bucket)
                    .build();
                (Arc::new(store.map_err(|error| wrong(&error))?), prefix.clone())
            }
        };
        Ok(Self { store, prefix, place: place.clone() })
    }

    /// Where the pictures are.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Stores a picture durably.
    ///
    /// # Errors
    /// Any store error.
    pub async fn put(&self, name: &str, bytes: Vec<u8>) -> object_store::Result<()> {
        self.store.put(&self.prefix.clone().join(name), bytes.into()).await.map(drop)
    }

    /// A file as a streaming body, with its size in bytes; `None` if it does not exist.
    ///
    /// # Errors
    /// Any store error.
    pub async fn get(&self, name: &str) -> object_store::Result<Option<(Body, u64)>> {
        let found = self.find(name).await?;
        Ok(found.map(|found| {
            let size = found.meta.size;
            (Body::from_stream(found.into_stream()), size)
        }))
    }

    /// A whole file; `None` if it does not exist.
    ///
    /// # Errors
    /// Any store error.
    pub async fn read(&self, name: &str) -> object_store::Result<Option<Bytes>> {
        match self.find(name).await? {
            Some(found) => found.bytes().await.map(Some),
            None => Ok(None),
        }
    }

    async fn find(&self, name: &str) -> object_store::Result<Option<GetResult>> {
        match self.store.get(&self.prefix.clone().join(name)).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All bytes of a picture; `None` if it does not exist.
    ///
    /// # Errors
    /// Any store error.
    pub async fn bytes(&self, name: &str) -> object_store::Result<Option<Vec<u8>>> {
        match self.store.get(&self.prefix.clone().join(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a picture, if it exists.
    ///
    /// # Errors
    /// Any store error.
    pub async fn delete(&self, name: &str) -> object_store::Result<()> {
        match self.store.delete(&self.prefix.clone().join(name)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Checks the store by writing and deleting a small object.
    ///
    /// # Errors
    /// Any store error.
    pub async fn probe(&self) -> object_store::Result<()> {
        let name = format!("probe-{:032x}", rand::random::<u128>());
        self.put(&name, b"tidemark doctor".to_vec()).await?;
        self.delete(&name).await
    }

    /// What obviously prevents writing to the folder, without touching the store: it, or its
    /// nearest existing ancestor, is not a folder or is read-only. Always `None` for a bucket.
    pub fn obstacle(&self) -> Option<String> {
        let Place::Folder(folder) = &self.place else { return None };
        let folder = std::path::absolute(folder).ok()?;
        let existing = folder.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok())?;
        obstacle_at(existing)
    }
}

fn obstacle_at(path: &FilePath) -> Option<String> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_dir() => Some(format!("{} is not a folder", path.display())),
        Ok(metadata) if metadata.permissions().readonly() => {
            Some(format!("{} can't be written to", path.display()))
        }
        Ok(_) => None,
        Err(error) => Some(format!("{}: {error}", path.display())),
    }
}
