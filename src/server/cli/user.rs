//! Manages who can sign in.

use clap::{Subcommand, ValueEnum};
use tidemark_store::clock::Clock;

use super::super::accounts;
use super::super::db::actor::Role;
use super::super::stores::Stores;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user and print a password for the first sign-in
    Add {
        /// The name to sign in with: lower-case letters, digits and hyphens
        username: String,
        /// The name in bylines; the user name by default
        #[arg(long)]
        name: Option<String>,
        /// What the user may do
        #[arg(long, default_value = "author")]
        role: RoleArgument,
    },
    /// Give a user a new password and print it
    Passwd {
        /// The name to sign in with
        username: String,
    },
    /// Give a user another role
    Role {
        /// The name to sign in with
        username: String,
        /// What the user may do from now on
        role: RoleArgument,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleArgument {
    Reader,
    Author,
    Admin,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Reader => Role::Reader,
            RoleArgument::Author => Role::Author,
            RoleArgument::Admin => Role::Admin,
        }
    }
}

pub(super) async fn user(
    stores: &Stores,
    clock: &Clock,
    command: UserCommand,
) -> Result<(), String> {
    let database = &stores.database;
    let password = accounts::passwords::random_password();
    let hash = accounts::passwords::hash_password(&password).map_err(|error| error.to_string())?;
    let username = match command {
        UserCommand::Add { username, name, role } => {
            accounts::names::check_username(&username).map_err(|error| error.to_string())?;
            let name = name.unwrap_or_else(|| username.clone());
            accounts::names::check_name(&name).map_err(|error| error.to_string())?;
            database
                .add_user(&username, &name, role.into(), Some(&hash), clock.now())
                .await
                .map_err(|error| error.to_string())?
                .ok_or_else(|| {
                    format!("The user {username} already exists; `tidemark user passwd` changes a password.")
                })?;
            username
        }
        UserCommand::Passwd { username } => {
            if !accounts::set_password(&stores.database, &stores.sessions, &username, &hash).await?
            {
                return Err(format!("There is no user {username}."));
            }
            username
        }
        UserCommand::Role { username, role } => {
            let role = Role::from(role);
            if !database.set_role(None, &username, role).await.map_err(|error| error.to_string())? {
                return Err(format!("There is no user {username}."));
            }
            say!("{username} now has the role {}.", role.as_str());
            return Ok(());
        }
    };
    say!("{username} can sign in at /login with this password, which won't be shown again:");
    say!("    {password}");
    Ok(())
}
