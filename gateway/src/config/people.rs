//! `buono user` and `buono municipality`: what has to be there before anybody can sign in.

use super::Stores;
use crate::admin::{NewMunicipality, NewUser, check_password, make_municipality, make_totp, make_user};
use crate::edge::{SystemClock, new_id};
use crate::settings::StartError;
use crate::stores::{lock, open_existing_ledger, open_ledger, own_keys};
use clap::Subcommand;
use domain::clock::Clock;
use store::ledger::{AuditRow, Db, Error, UserRow};
use uuid::Uuid;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add somebody; the password is read from BUONO_PASSWORD.
    Add {
        #[command(flatten)]
        stores: Stores,
        /// What they sign in with.
        #[arg(long)]
        email: String,
        /// operator, municipal_admin, clerk or auditor.
        #[arg(long)]
        role: String,
        /// Where they work; nowhere for an operator.
        #[arg(long)]
        municipality: Option<Uuid>,
        /// Ask for a second factor.
        #[arg(long)]
        totp: bool,
        /// Their first password; better by the environment than by the command line.
        #[arg(long, env = "BUONO_PASSWORD", hide_env_values = true)]
        password: String,
    },
    /// List the staff of a municipality, or the operators.
    List {
        #[command(flatten)]
        stores: Stores,
        /// Whose staff; the operators when absent.
        #[arg(long)]
        municipality: Option<Uuid>,
    },
    /// Give somebody a new password, read from BUONO_PASSWORD, and end their sessions.
    Password {
        #[command(flatten)]
        stores: Stores,
        /// What they sign in with.
        #[arg(long)]
        email: String,
        /// Their new password; better by the environment than by the command line.
        #[arg(long, env = "BUONO_PASSWORD", hide_env_values = true)]
        password: String,
    },
    /// Give somebody another second factor in the place of a lost one, which is printed once, and end their sessions.
    Totp {
        #[command(flatten)]
        stores: Stores,
        /// What they sign in with.
        #[arg(long)]
        email: String,
        /// Ask them for none any more.
        #[arg(long)]
        off: bool,
    },
    /// Lock somebody out at once.
    Disable {
        #[command(flatten)]
        stores: Stores,
        /// What they sign in with.
        #[arg(long)]
        email: String,
    },
    /// Let somebody in again.
    Enable {
        #[command(flatten)]
        stores: Stores,
        /// What they sign in with.
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
pub(super) enum MunicipalityCommand {
    /// Add one.
    Add {
        #[command(flatten)]
        stores: Stores,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Where citizens call.
        #[arg(long)]
        help_phone: String,
        /// Where citizens write.
        #[arg(long)]
        help_email: String,
    },
    /// List them.
    List {
        #[command(flatten)]
        stores: Stores,
    },
}

pub(super) async fn user(command: UserCommand) -> Result<(), StartError> {
    match command {
        UserCommand::Add { stores, email, role, municipality, totp, password } => {
            let new = NewUser { email, role, password, totp, municipality_id: municipality };
            add(&stores, &new).await
        }
        UserCommand::List { stores, municipality } => {
            let db = open_existing_ledger(&stores.settings()?).await?;
            for user in db.users(municipality, Uuid::nil(), i64::MAX).await? {
                let locked = if user.disabled == 0 { "" } else { " (locked out)" };
                println!("{} {} {}{locked}", user.id, user.role, user.email);
            }
            Ok(())
        }
        UserCommand::Password { stores, email, password } => {
            let db = open_existing_ledger(&stores.settings()?).await?;
            let hash = check_password(&password).map_err(|problem| format!("not changed: {problem}"))?;
            let user = named(&db, &email).await?;
            db.set_password(user.id, &hash).await?;
            record(&db, user.municipality_id, "password_changed", user.id).await?;
            println!("the password is changed");
            Ok(())
        }
        UserCommand::Totp { stores, email, off } => set_totp(&stores, &email, off).await,
        UserCommand::Disable { stores, email } => set_disabled(&stores, &email, true).await,
        UserCommand::Enable { stores, email } => set_disabled(&stores, &email, false).await,
    }
}

async fn add(stores: &Stores, new: &NewUser) -> Result<(), StartError> {
    let settings = stores.settings()?;
    let db = open_ledger(&settings).await?;
    // with another key nobody could check the second factor that is sealed here
    let keys = own_keys(&db, &settings).await?;
    if let Some(id) = new.municipality_id
        && !db.directory().await?.municipalities.iter().any(|row| row.id == id)
    {
        return Err(format!("there is no municipality {id}").into());
    }
    let made = make_user(&keys, new, new.municipality_id);
    let (row, secret) = made.map_err(|problem| format!("not added: {problem}"))?;
    match db.add_user(&row, SystemClock.now().micros()).await {
        Err(Error::Conflict) => return Err(format!("{} is there already", row.email).into()),
        added => added?,
    }
    record(&db, row.municipality_id, "user_added", row.id).await?;
    println!("user {}", row.id);
    if let Some(secret) = secret {
        println!("second factor {secret}");
    }
    Ok(())
}

async fn named(db: &Db, email: &str) -> Result<UserRow, StartError> {
    match db.user_by_email(&email.trim().to_lowercase()).await {
        Err(Error::NotFound) => Err(format!("nobody signs in with {email}").into()),
        found => Ok(found?),
    }
}

async fn set_totp(stores: &Stores, email: &str, off: bool) -> Result<(), StartError> {
    let settings = stores.settings()?;
    let db = open_existing_ledger(&settings).await?;
    let user = named(&db, email).await?;
    if off {
        db.set_totp(user.id, None).await?;
        record(&db, user.municipality_id, "totp_removed", user.id).await?;
        println!("no second factor is asked for any more");
        return Ok(());
    }
    // with another key nobody could check what is sealed here
    let keys = own_keys(&db, &settings).await?;
    let made = make_totp(&keys, user.id);
    let (sealed, secret) = made.map_err(|problem| format!("not changed: {problem}"))?;
    db.set_totp(user.id, Some(sealed.as_slice())).await?;
    record(&db, user.municipality_id, "totp_changed", user.id).await?;
    println!("second factor {secret}");
    Ok(())
}

async fn set_disabled(stores: &Stores, email: &str, disabled: bool) -> Result<(), StartError> {
    let db = open_existing_ledger(&stores.settings()?).await?;
    let user = named(&db, email).await?;
    db.set_user_disabled(user.municipality_id, user.id, disabled).await?;
    let (action, said) = if disabled { ("user_disabled", "locked out") } else { ("user_enabled", "let in again") };
    record(&db, user.municipality_id, action, user.id).await?;
    println!("{said}");
    Ok(())
}

/// What is done here is on record like what is done over HTTP; who did it, the machine's own log says.
async fn record(db: &Db, municipality: Option<Uuid>, action: &str, target: Uuid) -> Result<(), Error> {
    let row = AuditRow {
        id: new_id(),
        user_id: None,
        action: action.to_owned(),
        target: target.to_string(),
        detail: r#"{"by":"command line"}"#.to_owned(),
        at: SystemClock.now().micros(),
    };
    db.add_audit(municipality, &row).await
}

pub(super) async fn municipality(command: MunicipalityCommand) -> Result<(), StartError> {
    match command {
        MunicipalityCommand::Add { stores, name, help_phone, help_email } => {
            // a running server would not see it: there an operator adds municipalities by HTTP
            let _lock = lock(&stores.data)?;
            let db = open_ledger(&stores.settings()?).await?;
            let made = make_municipality(&NewMunicipality { name, help_phone, help_email });
            let row = made.map_err(|problem| format!("not added: {problem}"))?;
            db.add_municipality(&row, SystemClock.now().micros()).await?;
            record(&db, Some(row.id), "municipality_added", row.id).await?;
            println!("municipality {}", row.id);
        }
        MunicipalityCommand::List { stores } => {
            for row in open_existing_ledger(&stores.settings()?).await?.directory().await?.municipalities {
                println!("{} {}", row.id, row.name);
            }
        }
    }
    Ok(())
}
