//! Durable Objects that answer as a test tells them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tminus_ports::{Command, ObjectCall, ObjectClass, ObjectError};

/// An answer's text; an error for none at all.
type Answer = Rc<dyn Fn(&str, &str) -> Result<String, String>>;

/// One command that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCalled {
    /// The class.
    pub class: ObjectClass,
    /// The object's name.
    pub object: String,
    /// The command's name.
    pub command: &'static str,
    /// The command, as JSON.
    pub body: String,
}

/// Durable Objects that answer as a test tells them, and remember what they were sent. A command that no test
/// spoke for is answered by [`ObjectError::Gone`], as by an object that was never created.
#[derive(Default)]
pub struct FakeObjects {
    answers: RefCell<Vec<(ObjectClass, &'static str, Answer)>>,
    called: RefCell<Vec<ObjectCalled>>,
    unreachable: Cell<bool>,
}

impl FakeObjects {
    /// Every object of the class answers this command so. The newest answer counts.
    pub fn on<C: Command>(&self, answer: impl Fn(&str, C) -> Result<C::Reply, ObjectError> + 'static) {
        let answer = move |object: &str, body: &str| {
            let command = serde_json::from_str(body).map_err(|error| error.to_string())?;
            serde_json::to_string(&answer(object, command)).map_err(|error| error.to_string())
        };
        self.answers.borrow_mut().push((C::CLASS, C::NAME, Rc::new(answer)));
    }

    /// As [`Self::on`], for objects that at times give no answer at all: `None`.
    pub fn on_perhaps<C: Command>(
        &self,
        answer: impl Fn(&str, C) -> Option<Result<C::Reply, ObjectError>> + 'static,
    ) {
        let answer = move |object: &str, body: &str| {
            let command = serde_json::from_str(body).map_err(|error| error.to_string())?;
            let answer = answer(object, command).ok_or_else(|| "the object was reset".to_owned())?;
            serde_json::to_string(&answer).map_err(|error| error.to_string())
        };
        self.answers.borrow_mut().push((C::CLASS, C::NAME, Rc::new(answer)));
    }

    /// While unreachable, no command gets an answer or has an effect.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.unreachable.set(unreachable);
    }

    /// Everything that was sent.
    #[must_use]
    pub fn called(&self) -> Vec<ObjectCalled> {
        self.called.borrow().clone()
    }

    /// Every `C` that was sent, with the name of its object. What does not decode is left out.
    #[must_use]
    pub fn sent<C: Command>(&self) -> Vec<(String, C)> {
        let called = self.called.borrow();
        let of_kind = called.iter().filter(|call| call.class == C::CLASS && call.command == C::NAME);
        of_kind
            .filter_map(|call| Some((call.object.clone(), serde_json::from_str(&call.body).ok()?)))
            .collect()
    }
}

impl ObjectCall for FakeObjects {
    async fn call_raw(
        &self,
        class: ObjectClass,
        object: &str,
        name: &'static str,
        _trace: &str,
        body: String,
    ) -> Result<String, String> {
        if self.unreachable.get() {
            return Err("unreachable".to_owned());
        }
        let answers = self.answers.borrow();
        let answer = answers.iter().rev().find(|(of, command, _)| *of == class && *command == name);
        let answer = answer.map(|(_, _, answer)| Rc::clone(answer));
        drop(answers);
        let object = object.to_owned();
        self.called.borrow_mut().push(ObjectCalled {
            class,
            object: object.clone(),
            command: name,
            body: body.clone(),
        });
        match answer {
            Some(answer) => answer(&object, &body),
            None => {
                serde_json::to_string(&Err::<(), _>(ObjectError::Gone)).map_err(|error| error.to_string())
            }
        }
    }
}
